// Threads that park on a condition variable and take items from a counter. One word of atomic state says how many more
// threads may join the present job and how many are in it: the caller closes the job when no items are left, so a
// thread that wakes too late delays nobody. Only GCC's atomic builtins, no <atomic>: nothing of libstdc++. Tests:
// tests/runtime/pool_test.cc, also under the thread sanitizer.
#include "runtime/src/pool.h"

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

namespace {

// Fields of ingot_pool::state.
constexpr uint64_t kActive = 1;                  // one thread inside the job
constexpr uint64_t kActiveMask = 0xffff;         //
constexpr uint64_t kSlot = 1u << 16;             // one thread that may still join
constexpr uint64_t kSlotMask = 0xffffull << 16;  //
constexpr uint64_t kClosed = 1ull << 32;         // the caller waits for the active ones

constexpr uint32_t kMaxThreads = 1024;
constexpr uint64_t kSpinNanoseconds = 4000;
constexpr int kSpinsPerClock = 16;

}  // namespace

struct ingot_pool {
  pthread_mutex_t mutex;  // guards parking: `parked`, and changes of `epoch` and `stop`
  pthread_cond_t wake, done;
  uint32_t threads;  // with the caller
  uint32_t started;  // threads in `handles`
  uint32_t parked;
  uint32_t stop;
  bool may_spin;
  uint32_t busy;   // atomic: a caller has the pool
  uint32_t hot;    // atomic: runs with several parallel steps
  uint32_t epoch;  // atomic: number of the job

  // The job; written while no thread is inside.
  ingot::runtime::PoolBody body;
  void *data;
  int64_t items;
  uint32_t helpers;

  alignas(64) uint64_t state;  // atomic
  alignas(64) int64_t next;    // atomic: first item that nobody has taken
  alignas(64) pthread_t handles[1];
};

namespace ingot::runtime {
namespace {

uint64_t Now() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000000000u + static_cast<uint64_t>(now.tv_nsec);
}

inline void Pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

// Waits a bounded time for `finished`; returns whether it came true. Only inside a run with several parallel steps.
template <typename Finished>
bool Spin(ingot_pool_t *pool, Finished finished) {
  if (!pool->may_spin) return false;
  uint64_t begin = 0;
  for (int i = 0; __atomic_load_n(&pool->hot, __ATOMIC_RELAXED) != 0; ++i) {
    if (finished()) return true;
    Pause();
    if (i % kSpinsPerClock != 0) continue;
    uint64_t now = Now();
    if (begin == 0) begin = now;
    if (now - begin > kSpinNanoseconds) return false;
  }
  return false;
}

// Enters the job if it still wants threads; gives the thread its worker number.
bool Join(ingot_pool_t *pool, uint32_t *worker) {
  uint64_t state = __atomic_load_n(&pool->state, __ATOMIC_ACQUIRE);
  for (;;) {
    if ((state & kSlotMask) == 0) return false;
    if (__atomic_compare_exchange_n(&pool->state, &state, state - kSlot + kActive, true, __ATOMIC_ACQ_REL,
                                    __ATOMIC_ACQUIRE))
      break;
  }
  *worker = pool->helpers - static_cast<uint32_t>((state & kSlotMask) / kSlot) + 1;
  return true;
}

void Leave(ingot_pool_t *pool) {
  uint64_t state = __atomic_sub_fetch(&pool->state, kActive, __ATOMIC_ACQ_REL);
  if (state != kClosed) return;
  pthread_mutex_lock(&pool->mutex);
  pthread_cond_signal(&pool->done);
  pthread_mutex_unlock(&pool->mutex);
}

void TakeItems(ingot_pool_t *pool, uint32_t worker) {
  for (;;) {
    int64_t item = __atomic_fetch_add(&pool->next, 1, __ATOMIC_RELAXED);
    if (item >= pool->items) return;
    pool->body(pool->data, worker, item);
  }
}

void *ThreadMain(void *argument) {
  auto *pool = static_cast<ingot_pool_t *>(argument);
  uint32_t seen = 0;
  for (;;) {
    auto changed = [&] { return __atomic_load_n(&pool->epoch, __ATOMIC_ACQUIRE) != seen; };
    if (!Spin(pool, changed)) {
      pthread_mutex_lock(&pool->mutex);
      ++pool->parked;
      while (!changed() && pool->stop == 0) pthread_cond_wait(&pool->wake, &pool->mutex);
      --pool->parked;
      bool stop = pool->stop != 0;
      pthread_mutex_unlock(&pool->mutex);
      if (stop) return nullptr;
    }
    seen = __atomic_load_n(&pool->epoch, __ATOMIC_ACQUIRE);
    uint32_t worker;
    if (!Join(pool, &worker)) continue;
    TakeItems(pool, worker);
    Leave(pool);
  }
}

void Publish(ingot_pool_t *pool, uint32_t helpers) {
  __atomic_store_n(&pool->state, helpers * kSlot, __ATOMIC_RELEASE);
  pthread_mutex_lock(&pool->mutex);
  __atomic_store_n(&pool->epoch, pool->epoch + 1, __ATOMIC_RELEASE);
  uint32_t sleeping = pool->parked;
  pthread_mutex_unlock(&pool->mutex);
  for (uint32_t i = 0; i < helpers && i < sleeping; ++i) pthread_cond_signal(&pool->wake);
}

// Lets nobody in any more and waits until all have left.
void Close(ingot_pool_t *pool) {
  uint64_t state = __atomic_load_n(&pool->state, __ATOMIC_RELAXED);
  while (!__atomic_compare_exchange_n(&pool->state, &state, (state & kActiveMask) | kClosed, true, __ATOMIC_ACQ_REL,
                                      __ATOMIC_RELAXED)) {
  }
  auto empty = [&] { return (__atomic_load_n(&pool->state, __ATOMIC_ACQUIRE) & kActiveMask) == 0; };
  if (empty() || Spin(pool, empty)) return;
  pthread_mutex_lock(&pool->mutex);
  while (!empty()) pthread_cond_wait(&pool->done, &pool->mutex);
  pthread_mutex_unlock(&pool->mutex);
}

// Starts the threads with every signal blocked: the program's handlers run on the program's own threads.
bool StartThreads(ingot_pool_t *pool) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int error = 0;
  while (error == 0 && pool->started + 1 < pool->threads) {
    error = pthread_create(&pool->handles[pool->started], nullptr, ThreadMain, pool);
    if (error == 0) ++pool->started;
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return error == 0;
}

}  // namespace

bool PoolRun(ingot_pool_t *pool, int64_t items, uint32_t workers, PoolBody body, void *data) {
  uint32_t idle = 0;
  if (!__atomic_compare_exchange_n(&pool->busy, &idle, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) return false;
  uint32_t helpers = workers - 1;
  if (helpers > pool->started) helpers = pool->started;
  pool->body = body;
  pool->data = data;
  pool->items = items;
  pool->helpers = helpers;
  __atomic_store_n(&pool->next, 0, __ATOMIC_RELAXED);
  if (helpers != 0) Publish(pool, helpers);
  TakeItems(pool, 0);
  if (helpers != 0) Close(pool);
  __atomic_store_n(&pool->busy, 0, __ATOMIC_RELEASE);
  return true;
}

void PoolBeginRun(ingot_pool_t *pool) { __atomic_fetch_add(&pool->hot, 1, __ATOMIC_RELAXED); }
void PoolEndRun(ingot_pool_t *pool) { __atomic_fetch_sub(&pool->hot, 1, __ATOMIC_RELAXED); }

}  // namespace ingot::runtime

using namespace ingot::runtime;

int32_t ingot_pool_create(uint32_t threads, ingot_pool_t **pool, ingot_status_t *status) {
  if (pool == nullptr) return Fail(status, INGOT_INVALID_ARGUMENT, "pool must not be NULL");
  *pool = nullptr;
  uint32_t cpus = AvailableCpus("");
  if (threads > kMaxThreads)
    return Fail(status, INGOT_INVALID_ARGUMENT, "%" PRIu32 " threads are too many: at most %" PRIu32, threads,
                kMaxThreads);
  if (threads == 0) threads = cpus < kMaxThreads ? cpus : kMaxThreads;
  size_t bytes = sizeof(ingot_pool_t) + threads * sizeof(pthread_t);
  void *memory = nullptr;
  if (posix_memalign(&memory, alignof(ingot_pool_t), bytes) != 0)
    return Fail(status, INGOT_OUT_OF_MEMORY, "out of memory for a pool");
  memset(memory, 0, bytes);
  auto *made = static_cast<ingot_pool_t *>(memory);
  made->threads = threads;
  made->may_spin = cpus > 1 && threads <= cpus;
  pthread_mutex_init(&made->mutex, nullptr);
  pthread_cond_init(&made->wake, nullptr);
  pthread_cond_init(&made->done, nullptr);
  if (!StartThreads(made)) {
    uint32_t started = made->started;
    ingot_pool_free(made);
    return Fail(status, INGOT_OUT_OF_MEMORY,
                "the operating system started %" PRIu32 " of %" PRIu32 " threads: ask for fewer", started, threads - 1);
  }
  *pool = made;
  return Succeed(status);
}

void ingot_pool_free(ingot_pool_t *pool) {
  if (pool == nullptr) return;
  pthread_mutex_lock(&pool->mutex);
  pool->stop = 1;
  pthread_cond_broadcast(&pool->wake);
  pthread_mutex_unlock(&pool->mutex);
  for (uint32_t i = 0; i < pool->started; ++i) pthread_join(pool->handles[i], nullptr);
  pthread_cond_destroy(&pool->done);
  pthread_cond_destroy(&pool->wake);
  pthread_mutex_destroy(&pool->mutex);
  free(pool);
}

uint32_t ingot_pool_get_threads(const ingot_pool_t *pool) { return pool->threads; }
