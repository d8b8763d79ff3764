#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <stop_token>
#include <vector>

#include "client.hpp"
#include "tecnochat/core/arrival_rate.hpp"
#include "tecnochat/kafka/consumer.hpp"

namespace tecnochat::kafka {

/// What the consumer's thread does. All but ready() runs on that thread: librdkafka serves its
/// callbacks from within the poll calls.
class ConsumerLoop {
 public:
    ConsumerLoop(ConsumerConfig config, Consumer::Handler handler, telemetry::Metrics& metrics);

    void run(const std::stop_token& stop);
    /// From any thread: what is done at the end lasts no longer than this.
    void end_by(Deadline deadline) { end_by_ = deadline.time_point(); }
    [[nodiscard]] bool ready() const { return ready_; }

 private:
    enum class Next { kGoOn, kEnd };

    [[nodiscard]] ClientHandle open();
    /// From joining to leaving; ended_ tells why where it was not `stop`.
    void consume(const std::stop_token& stop);
    void on_fatal();
    void on_fenced();
    bool may_join_again(const std::stop_token& stop);
    void subscribe();
    bool assign_all(const std::stop_token& stop);
    Result<int> partition_count();

    std::vector<Record> collect();
    /// Takes what is there without waiting, until the batch is full; true where it is.
    bool take_along();
    /// One poll; appends to gathered_ if a record came. False: nothing came in time.
    bool poll(int timeout_ms);
    void on_event(const rd_kafka_message_t& event);
    Next process(const std::vector<Record>& batch, const std::stop_token& stop);
    Status call_handler(const std::vector<Record>& batch);
    void pause_and_poll(Milliseconds pause, const std::stop_token& stop);
    void resume();
    /// Its offsets wait for commit(), which is due kCommitEvery later.
    void note_processed(const std::vector<Record>& batch);
    void commit();
    rd_kafka_resp_err_t commit_and_wait(const rd_kafka_topic_partition_list_t* offsets);
    void close();
    void note_end_of_partitions();
    [[nodiscard]] bool shared() const { return config_.reads == Reads::kShared; }
    /// What is left of `limit` where the end has a deadline.
    [[nodiscard]] int within_end(Milliseconds limit) const;

    void on_rebalance(rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t* partitions);
    static void on_rebalance_callback(
        rd_kafka_t*,
        rd_kafka_resp_err_t code,
        rd_kafka_topic_partition_list_t* partitions,
        void* self
    ) {
        static_cast<ConsumerLoop*>(self)->on_rebalance(code, partitions);
    }

    /// Errors that belong to no topic: connections that fail or cannot be had.
    void on_error(rd_kafka_resp_err_t code);
    static void on_error_callback(rd_kafka_t*, int code, const char*, void* self) {
        static_cast<ConsumerLoop*>(self)->on_error(static_cast<rd_kafka_resp_err_t>(code));
    }

    ConsumerConfig config_;
    telemetry::Metrics& metrics_;
    Consumer::Handler handler_;
    std::string name_;
    telemetry::Counter records_;
    telemetry::Counter retries_;
    telemetry::Counter rejoins_total_;
    telemetry::Histogram handler_seconds_;
    telemetry::Histogram batch_records_;
    telemetry::Counter gathers_;
    std::atomic<bool> ready_{false};
    std::atomic<std::chrono::steady_clock::time_point> end_by_{
        std::chrono::steady_clock::time_point::max()
    };
    /// Raised by every revocation: a batch read before it is not ours any more.
    std::uint64_t revocations_ = 0;
    bool ended_ = false;
    bool commits_fail_ = false;  // the last one did
    bool fenced_ = false;        // by our own earlier join: a new client may go on
    int rejoins_ = 0;            // within kFenceQuiet of each other
    std::chrono::steady_clock::time_point fenced_at_{};
    std::optional<std::chrono::steady_clock::time_point> brokers_lost_at_;
    std::map<std::int32_t, std::int64_t> uncommitted_;  // partition -> next offset
    std::chrono::steady_clock::time_point commit_due_ =
        std::chrono::steady_clock::time_point::max();
    /// Read and not handed over yet. A revocation empties it, in the callback: one poll may serve a
    /// revocation, the new assignment and its first record, and that record must stay.
    std::vector<Record> gathered_;
    ArrivalRate rate_;
    PartitionsHandle paused_;
    std::set<std::int32_t> at_end_;  // unless shared: partitions read up to their end
    int partitions_ = 0;
    ClientHandle client_;  // last: its destruction may call back
};

}  // namespace tecnochat::kafka
