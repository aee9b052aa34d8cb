/// A plain FastCGI program in C++, as the tutorials write it: libfcgi's own accept loop in each of a number of threads,
/// a connection to PostgreSQL in each, prepared statements, and a transaction (pqxx::work) for each request.
///
/// PEER_SOCKET   where it listens          PEER_DATABASE   the folder of PostgreSQL's socket
/// PEER_KEY      file with the key         PEER_CONNECTIONS   threads, and connections
/// PEER_WORKERS  processes
#include <fcgiapp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "request.hpp"
#include "store.hpp"

namespace {

constexpr std::size_t kBodyBytes = 65536;

std::string environment(const char* name) {
    const char* const value = std::getenv(name);
    if (value == nullptr) throw std::runtime_error(std::string{name} + " is not set");
    return value;
}

std::string parameter(const FCGX_Request& fcgi, const char* name) {
    const char* const value = FCGX_GetParam(name, fcgi.envp);
    return value == nullptr ? "" : value;
}

std::string read_body(const FCGX_Request& fcgi) {
    if (parameter(fcgi, "CONTENT_LENGTH").empty()) return {};
    std::string body(kBodyBytes + 1, '\0');
    const int count = FCGX_GetStr(body.data(), static_cast<int>(body.size()), fcgi.in);
    if (count < 0 || static_cast<std::size_t>(count) > kBodyBytes) throw peer::Refusal{413};
    body.resize(static_cast<std::size_t>(count));
    return body;
}

const char* reason(int status) {
    switch (status) {
        case 200:
            return "OK";
        case 201:
            return "Created";
        case 204:
            return "No Content";
        default:
            return "Refused";
    }
}

void send(const FCGX_Request& fcgi, const peer::Answer& answer) {
    std::string text = "Status: " + std::to_string(answer.status) + ' ' + reason(answer.status) + "\r\n";
    if (!answer.location.empty()) text += "Location: " + answer.location + "\r\n";
    if (answer.status == 401) text += "WWW-Authenticate: Bearer\r\n";
    if (answer.status != 204) {
        text +=
            answer.status < 400 ? "Content-Type: application/json\r\n" : "Content-Type: application/problem+json\r\n";
        text += "Content-Length: " + std::to_string(answer.body.size()) + "\r\n";
    }
    text += "\r\n" + answer.body;
    FCGX_PutStr(text.data(), static_cast<int>(text.size()), fcgi.out);
}

void serve(int listener, const std::string& dsn, const std::string& key) {
    FCGX_Request fcgi;
    FCGX_InitRequest(&fcgi, listener, 0);
    std::optional<peer::Store> store;
    while (FCGX_Accept_r(&fcgi) == 0) {
        peer::Answer answer;
        try {
            if (!store) store.emplace(dsn);
            answer = peer::answer({.method = parameter(fcgi, "REQUEST_METHOD"),
                                   .uri = parameter(fcgi, "REQUEST_URI"),
                                   .host = parameter(fcgi, "HTTP_HOST"),
                                   .authorization = parameter(fcgi, "HTTP_AUTHORIZATION"),
                                   .body = read_body(fcgi)},
                                  *store, key);
        } catch (const peer::Refusal& refusal) {
            answer = peer::refused(refusal.status);
        } catch (const std::exception& error) {
            std::cerr << error.what() << '\n';
            store.reset();  // the connection may be what failed
            answer = peer::refused(500);
        }
        send(fcgi, answer);
        FCGX_Finish_r(&fcgi);
    }
}

int run_threads(int listener) {
    const std::string dsn = "host=" + environment("PEER_DATABASE") + " dbname=todo user=todo_worker";
    const std::string key = peer::read_file(environment("PEER_KEY"));
    std::vector<std::thread> threads;
    for (int rest = std::stoi(environment("PEER_CONNECTIONS")); rest > 0; --rest) {
        threads.emplace_back(serve, listener, std::cref(dsn), std::cref(key));
    }
    for (std::thread& thread : threads) thread.join();
    return EXIT_SUCCESS;
}

}  // namespace

int main() {
    try {
        FCGX_Init();
        (void)std::signal(SIGTERM, SIG_DFL);  // libfcgi's own handler would wait for the next request
        const std::string path = environment("PEER_SOCKET");
        const int listener = FCGX_OpenSocket(path.c_str(), 4096);
        if (listener < 0 || chmod(path.c_str(), 0666) != 0) throw std::runtime_error("cannot listen on " + path);
        for (int rest = std::stoi(environment("PEER_WORKERS")); rest > 0; --rest) {
            const pid_t child = fork();
            if (child < 0) throw std::runtime_error("fork failed");
            if (child == 0) {
                prctl(PR_SET_PDEATHSIG, SIGTERM);  // the first one gets the signal, and takes all with it
                return run_threads(listener);
            }
        }
        while (wait(nullptr) > 0) {
        }
    } catch (const std::exception& error) {
        std::cerr << error.what() << '\n';
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
