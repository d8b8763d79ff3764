#include "tecnochat/kafka/consumer.hpp"

#include <condition_variable>
#include <mutex>
#include <thread>

#include "consumer_loop.hpp"

namespace tecnochat::kafka {

struct Consumer::Impl {
    Impl(ConsumerConfig config, Handler handler, telemetry::Metrics& metrics)
        : loop(std::move(config), std::move(handler), metrics) {}

    void run(const std::stop_token& stop) {
        loop.run(stop);
        {
            std::scoped_lock lock(mutex);
            ended = true;
        }
        changed.notify_all();
    }

    ConsumerLoop loop;
    std::mutex mutex;
    std::condition_variable changed;
    bool ended = false;
    std::jthread thread;  // uses all of the above: goes first
};

Consumer::Consumer(ConsumerConfig config, Handler handler, telemetry::Metrics& metrics)
    : impl_(std::make_unique<Impl>(std::move(config), std::move(handler), metrics)) {}

Consumer::~Consumer() = default;  // the thread's asks it to stop and waits

void Consumer::start() {
    TECNOCHAT_ASSERT(!impl_->thread.joinable(), "a consumer starts once");
    impl_->thread =
        std::jthread([impl = impl_.get()](const std::stop_token& stop) { impl->run(stop); });
}

void Consumer::request_stop() {
    impl_->thread.request_stop();
}

bool Consumer::stop(Deadline deadline) {
    if (!impl_->thread.joinable()) return true;
    impl_->loop.end_by(deadline);
    request_stop();
    {
        std::unique_lock lock(impl_->mutex);
        const bool ended =
            impl_->changed.wait_until(lock, deadline.time_point(), [this] { return impl_->ended; });
        if (!ended) return false;
    }
    impl_->thread.join();
    return true;
}

bool Consumer::ready() const {
    return impl_->loop.ready();
}

}  // namespace tecnochat::kafka
