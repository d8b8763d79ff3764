// ThreadSanitizer of g++ 12 watches pthreads, not C11 threads; librdkafka (Debian's) uses the
// latter. A thread that ThreadSanitizer never saw begin crashes in the first intercepted call
// (getaddrinfo), and a queue whose mutex it does not see looks like a race. Linked into test
// programs of the tsan preset only, these take the place of glibc's functions for the whole process
// and do what glibc does: its mtx_t and cnd_t are its pthread types (glibc's nptl/mtx_lock.c and
// others).
#include <pthread.h>
#include <threads.h>

#include <cerrno>
#include <cstdint>
#include <memory>

namespace {

static_assert(sizeof(mtx_t) == sizeof(pthread_mutex_t) && sizeof(cnd_t) == sizeof(pthread_cond_t));

struct Start {
    thrd_start_t run;
    void* argument;
};

void* run(void* given) {
    const std::unique_ptr<Start> start(static_cast<Start*>(given));
    // NOLINTNEXTLINE(performance-no-int-to-ptr): how C11's result travels through a pthread's
    return reinterpret_cast<void*>(static_cast<std::intptr_t>(start->run(start->argument)));
}

int to_c11(int error) {
    switch (error) {
        case 0:
            return thrd_success;
        case ENOMEM:
        case EAGAIN:
            return thrd_nomem;
        case ETIMEDOUT:
            return thrd_timedout;
        case EBUSY:
            return thrd_busy;
        default:
            return thrd_error;
    }
}

pthread_mutex_t* pthread(mtx_t* mutex) {
    return reinterpret_cast<pthread_mutex_t*>(mutex);
}

pthread_cond_t* pthread(cnd_t* condition) {
    return reinterpret_cast<pthread_cond_t*>(condition);
}

}  // namespace

extern "C" {

int thrd_create(thrd_t* thread, thrd_start_t function, void* argument) {
    auto start = std::make_unique<Start>(Start{function, argument});
    const int error = pthread_create(thread, nullptr, run, start.get());
    if (error == 0) static_cast<void>(start.release());  // the thread's now
    return to_c11(error);
}

int thrd_join(thrd_t thread, int* result) {
    void* returned = nullptr;
    const int error = pthread_join(thread, &returned);
    if (result != nullptr) *result = static_cast<int>(reinterpret_cast<std::intptr_t>(returned));
    return to_c11(error);
}

int thrd_detach(thrd_t thread) {
    return to_c11(pthread_detach(thread));
}

int mtx_init(mtx_t* mutex, int type) noexcept {
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    const bool recursive = (type & mtx_recursive) != 0;
    pthread_mutexattr_settype(
        &attributes, recursive ? PTHREAD_MUTEX_RECURSIVE : PTHREAD_MUTEX_NORMAL
    );
    const int error = pthread_mutex_init(pthread(mutex), &attributes);
    pthread_mutexattr_destroy(&attributes);
    return to_c11(error);
}

int mtx_lock(mtx_t* mutex) {
    return to_c11(pthread_mutex_lock(pthread(mutex)));
}

int mtx_trylock(mtx_t* mutex) noexcept {
    return to_c11(pthread_mutex_trylock(pthread(mutex)));
}

int mtx_unlock(mtx_t* mutex) noexcept {
    return to_c11(pthread_mutex_unlock(pthread(mutex)));
}

void mtx_destroy(mtx_t* mutex) noexcept {
    pthread_mutex_destroy(pthread(mutex));
}

int cnd_init(cnd_t* condition) noexcept {
    return to_c11(pthread_cond_init(pthread(condition), nullptr));
}

int cnd_signal(cnd_t* condition) noexcept {
    return to_c11(pthread_cond_signal(pthread(condition)));
}

int cnd_broadcast(cnd_t* condition) noexcept {
    return to_c11(pthread_cond_broadcast(pthread(condition)));
}

int cnd_wait(cnd_t* condition, mtx_t* mutex) {
    return to_c11(pthread_cond_wait(pthread(condition), pthread(mutex)));
}

int cnd_timedwait(cnd_t* condition, mtx_t* mutex, const timespec* until) {
    return to_c11(pthread_cond_timedwait(pthread(condition), pthread(mutex), until));
}

void cnd_destroy(cnd_t* condition) noexcept {
    pthread_cond_destroy(pthread(condition));
}

}  // extern "C"
