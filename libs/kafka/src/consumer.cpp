#include "tecnochat/kafka/consumer.hpp"

#include <atomic>
#include <thread>

#include "consumer_loop.hpp"

namespace tecnochat::kafka {

struct Consumer::Impl {
    Impl(ConsumerConfig config, Handler handler, telemetry::Metrics& metrics)
        : loop(std::move(config), std::move(handler), metrics) {}

    ConsumerLoop loop;
    std::jthread thread;  // uses the loop: goes first
};

Consumer::Consumer(ConsumerConfig config, Handler handler, telemetry::Metrics& metrics)
    : impl_(std::make_unique<Impl>(std::move(config), std::move(handler), metrics)) {}

Consumer::~Consumer() {
    stop();
}

void Consumer::start() {
    TECNOCHAT_ASSERT(!impl_->thread.joinable(), "a consumer starts once");
    impl_->thread =
        std::jthread([loop = &impl_->loop](const std::stop_token& stop) { loop->run(stop); });
}

void Consumer::stop() {
    impl_->thread.request_stop();
    if (impl_->thread.joinable()) impl_->thread.join();
}

bool Consumer::ready() const {
    return impl_->loop.ready();
}

}  // namespace tecnochat::kafka
