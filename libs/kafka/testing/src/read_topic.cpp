#include "tecnochat/kafka/testing/read_topic.hpp"

#include <condition_variable>
#include <mutex>
#include <span>

#include "tecnochat/kafka/consumer.hpp"

namespace tecnochat::kafka::testing {
namespace {

constexpr Milliseconds kLookEvery{10};  // at ready(), which wakes nobody

}  // namespace

std::vector<Record> read_topic(
    const std::string& mock_bootstrap, std::string_view topic, std::size_t count, Deadline deadline
) {
    telemetry::Metrics metrics;
    std::mutex mutex;
    std::condition_variable more;
    std::vector<Record> all;
    ConsumerConfig config;
    config.service = "test";
    config.topic = topic;
    config.reads = Reads::kAllFromBeginning;
    config.mock_bootstrap = mock_bootstrap;
    Consumer consumer(
        config,
        [&](std::span<const Record> batch) {
            const std::scoped_lock lock(mutex);
            all.insert(all.end(), batch.begin(), batch.end());
            more.notify_all();
            return ok();
        },
        metrics
    );
    consumer.start();
    std::unique_lock lock(mutex);
    while (!deadline.expired() && (all.size() < count || !consumer.ready()))
        more.wait_for(lock, kLookEvery);
    lock.unlock();
    consumer.stop(Deadline::after(Milliseconds(20'000)));
    return all;
}

}  // namespace tecnochat::kafka::testing
