/// What the compiler's runtime and the sanitizers have to be told when a thread goes on with another stack.
///
/// Threads: a StackSwitch belongs to one stack, and is used by the thread that leaves or enters it.
/// Errors:  none.
#pragma once

#include <cxxabi.h>
#include <cstddef>
#include <cstring>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FCGI_WORKER_ASAN 1
#endif
#if __has_feature(thread_sanitizer)
#define FCGI_WORKER_TSAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define FCGI_WORKER_ASAN 1
#endif
#if defined(__SANITIZE_THREAD__)
#define FCGI_WORKER_TSAN 1
#endif

#ifdef FCGI_WORKER_ASAN
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef FCGI_WORKER_TSAN
#include <sanitizer/tsan_interface.h>
#endif

namespace fcgi_worker {

/// The exceptions that are being thrown and handled: the runtime keeps them for each thread, and they are a stack's.
class HandledExceptions {
public:
    // Not inline: __cxa_get_globals() is declared as if one function could never run on two threads.
    [[gnu::noinline]] void save() noexcept {
        std::memcpy(static_cast<void*>(&globals_), abi::__cxa_get_globals(), sizeof globals_);
    }
    [[gnu::noinline]] void restore() const noexcept {
        std::memcpy(static_cast<void*>(abi::__cxa_get_globals()), &globals_, sizeof globals_);
    }

private:
    struct Globals {  // Itanium C++ ABI, Exception Handling, 2.2.2
        void* caught_exceptions = nullptr;
        unsigned int uncaught_exceptions = 0;
    };
    Globals globals_;
};

/// One stack, of a thread or of a fiber.
class StackSwitch {
public:
    StackSwitch() = default;
    StackSwitch(const StackSwitch&) = delete;
    StackSwitch& operator=(const StackSwitch&) = delete;

#ifdef FCGI_WORKER_TSAN
    /// For a fiber: a stack that is not the thread's own.
    void make() noexcept { tsan_ = __tsan_create_fiber(0); }
    void destroy() noexcept { __tsan_destroy_fiber(tsan_); }
#else
    void make() noexcept {}
    void destroy() noexcept {}
#endif

    void is_at([[maybe_unused]] const void* bottom, [[maybe_unused]] std::size_t size) noexcept {
#ifdef FCGI_WORKER_ASAN
        bottom_ = bottom;
        size_ = size;
#endif
    }

    /// Just before this stack is left for another one; `for_good`: nobody comes back to it.
    __attribute__((always_inline)) void leave([[maybe_unused]] StackSwitch& to,
                                              [[maybe_unused]] bool for_good = false) noexcept {
        exceptions_.save();
#ifdef FCGI_WORKER_ASAN
        __sanitizer_start_switch_fiber(for_good ? nullptr : &fake_stack_, to.bottom_, to.size_);
#endif
#ifdef FCGI_WORKER_TSAN
        __tsan_switch_to_fiber(to.tsan_, 0);
#endif
    }

    /// First of all on this stack, from another one.
    __attribute__((always_inline)) void arrive([[maybe_unused]] StackSwitch& from) noexcept {
#ifdef FCGI_WORKER_ASAN
        __sanitizer_finish_switch_fiber(fake_stack_, &from.bottom_, &from.size_);
#endif
        exceptions_.restore();
    }

    /// On a thread's own stack, before it is left for the first time.
    void is_this_thread() noexcept {
#ifdef FCGI_WORKER_TSAN
        tsan_ = __tsan_get_current_fiber();
#endif
    }

private:
    HandledExceptions exceptions_;
#ifdef FCGI_WORKER_ASAN
    void* fake_stack_ = nullptr;
    const void* bottom_ = nullptr;
    std::size_t size_ = 0;
#endif
#ifdef FCGI_WORKER_TSAN
    void* tsan_ = nullptr;
#endif
};

}  // namespace fcgi_worker
