#include "stock.hpp"

#include <fcgiapp.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

namespace bench {
namespace {

using fcgi_worker::Request;
using fcgi_worker::Response;

std::string_view parameter(const FCGX_Request& request, const char* name) {
    const char* value = FCGX_GetParam(name, request.envp);
    return value == nullptr ? std::string_view{} : value;
}

Request read_request(const FCGX_Request& incoming) {
    Request request;
    request.method = parameter(incoming, "REQUEST_METHOD");
    const std::string_view uri = parameter(incoming, "REQUEST_URI");
    request.path = uri.substr(0, uri.find('?'));
    request.query = uri.substr(std::min(uri.size(), request.path.size() + 1));

    // What stays behind would be read as the next request where the connection is kept.
    std::array<char, 8192> chunk;
    int count = 0;
    do {
        count = FCGX_GetStr(chunk.data(), static_cast<int>(chunk.size()), incoming.in);
        request.body.append(chunk.data(), static_cast<std::size_t>(count));
    } while (count == static_cast<int>(chunk.size()));
    return request;
}

void send(const Response& response, const FCGX_Request& outgoing) {
    std::string text = "Status: " + std::to_string(response.status) + "\r\n";
    for (const auto& [name, value] : response.headers) text.append(name).append(": ").append(value).append("\r\n");
    text.append("Content-Length: ").append(std::to_string(response.body.size())).append("\r\n\r\n");
    text.append(response.body);
    FCGX_PutStr(text.data(), static_cast<int>(text.size()), outgoing.out);
}

void work(const fcgi_worker::Handler& handler) {
    FCGX_Request request;
    FCGX_InitRequest(&request, 0, 0);
    while (FCGX_Accept_r(&request) == 0) {
        send(handler(read_request(request)), request);
        FCGX_Finish_r(&request);
    }
}

}  // namespace

void serve_stock(const fcgi_worker::Handler& handler, std::size_t threads) {
    if (FCGX_Init() != 0) throw std::runtime_error{"libfcgi cannot be initialised"};
    for (std::size_t i = 0; i < threads; ++i) std::thread{[handler] { work(handler); }}.detach();
}

}  // namespace bench
