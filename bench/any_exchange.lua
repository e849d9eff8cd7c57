-- Each request asks for another exchange, so that no answer is there already.
local most = tonumber(os.getenv("MOST") or "1000")
request = function()
  return wrk.format("GET", "/api/exchanges/" .. math.random(1, most))
end
