/// Starts a thread that takes no signal: one thread takes over the signal mask of the other that starts it, so
/// that with all of them blocked signals go to the threads of the program, which is where it expects them.
///
/// Threads: acts on the one that makes it, until it is destroyed there.
#pragma once

#include <pthread.h>

#include <csignal>

namespace fcgi_worker {

class SignalsBlocked {
public:
    SignalsBlocked() {
        sigset_t signals;
        sigfillset(&signals);
        for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT}) {
            sigdelset(&signals, fault);  // Of the thread itself: who handles crashes wants to see them.
        }
        pthread_sigmask(SIG_SETMASK, &signals, &before_);
    }
    ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    SignalsBlocked(const SignalsBlocked&) = delete;
    SignalsBlocked& operator=(const SignalsBlocked&) = delete;

private:
    sigset_t before_{};
};

}  // namespace fcgi_worker
