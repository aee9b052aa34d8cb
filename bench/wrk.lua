-- Behind -- on wrk's command line: how many requests a client sends at once (pipelining): the more, the less a client
-- costs. No function is called for each of them, which would cost more. Then `insert` for a POST of a todo instead of a GET.
local one_request = wrk.format
local at_once = 1
function wrk.format(...)
    return one_request(...):rep(at_once)
end
function init(arguments)
    at_once = tonumber(arguments[1]) or 1
    if arguments[2] == "insert" then
        wrk.method = "POST"
        wrk.headers["Content-Type"] = "application/json"
        wrk.body = '{"title":"water the plants in the kitchen"}'
    end
end

-- The result as one line of JSON, the last that wrk prints.
function done(summary, latency, requests)
    local errors = summary.errors
    io.write(string.format(
        '{"requests":%d,"seconds":%.6f,"errors":%d,"p50_ms":%.3f,"p99_ms":%.3f}\n',
        summary.requests, summary.duration / 1e6,
        errors.connect + errors.read + errors.write + errors.status + errors.timeout,
        latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
