/// How jemalloc, which todo-worker is linked with, shares out memory: it reads this as the program starts, and takes
/// what MALLOC_CONF says in the environment over it.
///
/// Against the C library's own, answers take a tenth less of the worker's processor time, and a process has 2 MiB less
/// (docs/decisions/2026-11-28-todo-worker-is-linked-with-jemalloc.md).
extern "C" {

// One arena: of four for each processor, as jemalloc would have it, each keeps pages that the others could use. Threads
// keep pieces of up to 2^14 bytes, so also what libfcgi wants twice for a request, and need none for these.
const char* malloc_conf = "narenas:1,lg_tcache_max:14";  // NOLINT: jemalloc's name, and not const
}
