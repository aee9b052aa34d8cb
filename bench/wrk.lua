-- Behind -- on wrk's command line: how many requests a client sends at once (pipelining): the more, the less a client
-- costs. Then what they are: `list` (or nothing) for the GET of the URL, `insert` for a POST of a todo. With a file of access
-- tokens behind that, each request is another owner's, of ten todos, and there is `mix` as well: nine lists and an insert. All
-- texts are made beforehand; without tokens no function is called for each request, which would cost more.
local one_request = wrk.format
local at_once = 1
function wrk.format(...)
    return one_request(...):rep(at_once)
end

local body = '{"title":"water the plants in the kitchen"}'

local function request_of_owners(file, share)
    local lists, inserts = {}, {}
    for token in io.lines(file) do
        local headers = { ["Authorization"] = "Bearer " .. token }
        lists[#lists + 1] = wrk.format("GET", "/v1/todos?limit=10", headers)
        headers["Content-Type"] = "application/json"
        inserts[#inserts + 1] = wrk.format("POST", "/v1/todos", headers, body)
    end
    math.randomseed(1) -- the same order for whoever is measured
    return function()
        local n = math.random(#lists)
        if share > 0 and math.random(100) <= share then
            return inserts[n]
        end
        return lists[n]
    end
end

function init(arguments)
    local load, tokens = arguments[2], arguments[3]
    at_once = tonumber(arguments[1]) or 1
    if tokens then
        request = request_of_owners(tokens, ({ list = 0, mix = 10, insert = 100 })[load])
    elseif load == "insert" then
        wrk.method = "POST"
        wrk.headers["Content-Type"] = "application/json"
        wrk.body = body
    end
end

-- The result as one line of JSON, the last that wrk prints.
function done(summary, latency, requests)
    local errors = summary.errors
    io.write(string.format(
        '{"requests":%d,"seconds":%.6f,"errors":%d,"p50_ms":%.3f,"p99_ms":%.3f,"p999_ms":%.3f}\n',
        summary.requests, summary.duration / 1e6,
        errors.connect + errors.read + errors.write + errors.status + errors.timeout,
        latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, latency:percentile(99.9) / 1e3))
end
