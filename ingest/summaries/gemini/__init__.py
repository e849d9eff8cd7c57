"""Summaries by Gemini: what is sent, at what price, what comes back, kept so that nothing is paid twice."""
