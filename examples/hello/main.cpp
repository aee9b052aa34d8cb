#include <csignal>
#include <iostream>
#include <thread>

#include <fcgi_worker/router.hpp>
#include <fcgi_worker/server.hpp>

using namespace fcgi_worker;

Response text(const std::string& body) { return {200, {{"Content-Type", "text/plain; charset=utf-8"}}, body + "\n"}; }

int main(int argc, char** argv) try {
    sigset_t stop;  // Signals are the program's own affair: blocked before there is a second thread, they wait.
    sigemptyset(&stop);
    sigaddset(&stop, SIGINT);
    sigaddset(&stop, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &stop, nullptr);
    Router router;
    router.add("GET", "/hello/{name}", [](const Request&, const std::string& name) { return text("Hello, " + name); });
    router.add("GET", "/square/{n}", [](const Request&, short n) { return text(std::to_string(n * n)); });
    Server server{ListenSocket::open(argc > 1 ? argv[1] : ""),  // unix:/run/hello.sock, for example
                  [&](const Request& request) { return router.handle(request); }};
    std::jthread runner{[&] { server.run(); }};
    int signal = 0;
    sigwait(&stop, &signal);
    server.stop();  // And the runner waits until nginx has let go of its connections.
} catch (const std::exception& error) {
    std::cerr << "hello: " << error.what() << '\n';
    return 1;
}
