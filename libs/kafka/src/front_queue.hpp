#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "client.hpp"
#include "tecnochat/kafka/record.hpp"

namespace tecnochat::kafka {

/// Tells a high rate of records from a low one: more than kRecords within kWindow.
class LoadMeter {
 public:
    static constexpr std::size_t kRecords = 8;
    static constexpr std::chrono::milliseconds kWindow{20};

    /// Notes one record; true where the load is high.
    bool note(std::chrono::steady_clock::time_point now) {
        const auto before = std::exchange(times_[next_], now);
        next_ = (next_ + 1) % kRecords;
        return noted_++ >= kRecords && now - before < kWindow;
    }

 private:
    std::array<std::chrono::steady_clock::time_point, kRecords> times_{};
    std::size_t next_ = 0;
    std::uint64_t noted_ = 0;
};

/// Stands in front of librdkafka, whose own linger.ms delays every record. Under load it holds
/// records for up to `linger` and hands them over together, so that one request to the broker
/// carries many; at low rates it hands each over at once. Order is kept: nothing passes a held
/// record, and where one is refused, what is held of the same topic and key is refused with it.
/// Thread-safe.
class FrontQueue {
 public:
    /// Gives one record to librdkafka; called under this object's lock.
    using Hand = std::function<rd_kafka_resp_err_t(const OutRecord&, void* opaque)>;
    /// Tells of a record that was refused, by `Hand` or because an earlier one of its key was;
    /// called without the lock.
    using Refused = std::function<void(void* opaque, rd_kafka_resp_err_t)>;

    static constexpr std::size_t kHeldMax = 256;
    static constexpr std::size_t kHeldBytesMax = 256 * 1024;

    /// `linger` zero: nothing is ever held, and there is no thread.
    FrontQueue(std::chrono::milliseconds linger, Hand hand, Refused refused);
    ~FrontQueue();  // hands over what is held
    FrontQueue(const FrontQueue&) = delete;
    FrontQueue& operator=(const FrontQueue&) = delete;

    void add(const OutRecord& record, void* opaque);

 private:
    using Key = std::pair<std::string, std::string>;  // topic, key
    struct Held {
        OutRecord record;
        void* opaque = nullptr;
    };
    struct Refusal {
        Key key;
        void* opaque = nullptr;
        rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
    };

    void run();
    void hand_over(const OutRecord& record, void* opaque, std::vector<Refusal>& refusals);
    [[nodiscard]] std::vector<Refusal> flush();
    void tell(std::unique_lock<std::mutex>& lock, const std::vector<Refusal>& refusals);

    const std::chrono::milliseconds linger_;
    const Hand hand_;
    const Refused refused_;
    std::mutex mutex_;
    std::condition_variable changed_;
    LoadMeter load_;
    std::deque<Held> held_;
    std::size_t held_bytes_ = 0;
    std::chrono::steady_clock::time_point due_;
    /// Refused and not told yet: whoever adds the next record of the key does not know.
    std::multiset<Key> untold_;
    bool stopping_ = false;
    std::thread thread_;  // last: uses all of the above
};

}  // namespace tecnochat::kafka
