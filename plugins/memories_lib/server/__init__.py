"""The served archive, requests and answers, what reaches into Datasette."""
