#include "consumer_loop.hpp"

#include <algorithm>
#include <thread>
#include <utility>

#include "tecnochat/runtime/service.hpp"
#include "tecnochat/telemetry/log.hpp"

namespace tecnochat::kafka {
namespace {

constexpr int kPollMs = 100;
constexpr int kMetadataMs = 2000;
/// Bounds a batch beside its count: records may have 4 MiB each.
constexpr std::size_t kMaxBatchBytes = 8 * 1024 * 1024;
/// One record alone may have come while any batch was handled; two at a low rate hardly ever do.
constexpr std::size_t kWaitingRecords = 2;
constexpr Milliseconds kCommitTime{3000};
constexpr Milliseconds kCommitEvery{100};
constexpr Milliseconds kCommitAgain{1000};
constexpr Milliseconds kCloseTime{2000};
constexpr int kRejoinsMax = 5;
/// Fences this far apart have nothing to do with each other.
constexpr auto kFenceQuiet = std::chrono::minutes(5);
/// A fence this long after brokers were lost may be theirs. librdkafka tells of a loss that lasts
/// every 30 s only.
constexpr auto kOutageEchoes = std::chrono::seconds(60);
constexpr Milliseconds kFirstPause{50};

Record to_record(const rd_kafka_message_t& message) {
    Record record;
    record.topic = rd_kafka_topic_name(message.rkt);
    record.partition = message.partition;
    record.offset = message.offset;
    record.key.assign(static_cast<const char*>(message.key), message.key_len);
    record.value.assign(static_cast<const char*>(message.payload), message.len);
    rd_kafka_timestamp_type_t type{};
    record.timestamp = from_unix_ms(rd_kafka_message_timestamp(&message, &type));
    rd_kafka_headers_t* headers = nullptr;
    if (rd_kafka_message_headers(&message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        const char* name = nullptr;
        const void* value = nullptr;
        std::size_t size = 0;
        for (std::size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) ==
                                RD_KAFKA_RESP_ERR_NO_ERROR;
             ++i) {
            record.headers.emplace_back(
                name, std::string(static_cast<const char*>(value), value == nullptr ? 0 : size)
            );
        }
    }
    return record;
}

Conf configure(const ConsumerConfig& config, const std::string& group) {
    const std::string instance = group + "-" + config.kafka.instance;
    Conf conf({config.kafka, instance, config.mock_brokers, config.mock_bootstrap});
    conf.set("group.id", group);
    // Without an instance the membership is dynamic: the mock broker knows no static members.
    const bool shared = config.reads == Reads::kShared;
    if (shared && !config.kafka.instance.empty()) conf.set("group.instance.id", instance);
    // Eager: cooperative rebalance has known bugs in 2.0.2.
    conf.set("partition.assignment.strategy", "range");
    conf.set("session.timeout.ms", "10000");
    conf.set("heartbeat.interval.ms", "2000");
    conf.set("enable.auto.commit", "false");
    conf.set("enable.auto.offset.store", "false");
    // The default, latest, would silently skip what came before a new group's first start.
    conf.set("auto.offset.reset", "earliest");
    conf.set("enable.partition.eof", shared ? "false" : "true");
    const bool gathers = config.gather > Milliseconds(0);
    conf.set("fetch.wait.max.ms", std::to_string(gathers ? config.gather.count() : 250));
    conf.set("fetch.min.bytes", gathers ? "65536" : "1");
    conf.set("fetch.error.backoff.ms", "100");
    conf.set("fetch.message.max.bytes", "1048576");
    conf.set("fetch.max.bytes", "8388608");
    conf.set("receive.message.max.bytes", "16777216");
    conf.set("queued.max.messages.kbytes", "4096");
    conf.set("check.crcs", "true");
    return conf;
}

}  // namespace

ConsumerLoop::ConsumerLoop(
    ConsumerConfig config, Consumer::Handler handler, telemetry::Metrics& metrics
)
    : config_(std::move(config)),
      metrics_(metrics),
      handler_(std::move(handler)),
      name_(config_.service + "." + config_.topic),
      records_(metrics.counter(
          "tecnochat_kafka_consumed_total", "Records processed", {{"topic", config_.topic}}
      )),
      retries_(metrics.counter(
          "tecnochat_kafka_batch_retries_total",
          "Batches handed over again",
          {{"topic", config_.topic}}
      )),
      rejoins_total_(metrics.counter(
          "tecnochat_kafka_rejoins_total", "Joins after a fence", {{"topic", config_.topic}}
      )),
      handler_seconds_(metrics.histogram(
          "tecnochat_kafka_batch_seconds", "One handler call", {{"topic", config_.topic}}
      )),
      batch_records_(metrics.histogram(
          "tecnochat_kafka_batch_records",
          "Records of one batch",
          {{"topic", config_.topic}},
          {1, 2, 5, 10, 20, 50, 100, 200, 500}
      )),
      gathers_(metrics.counter(
          "tecnochat_kafka_gathers_total",
          "Batches that waited for more records, because there were many",
          {{"topic", config_.topic}}
      )) {
    TECNOCHAT_ASSERT(config_.max_batch > 0, "a batch holds at least one record");
    client_ = open();
}

ClientHandle ConsumerLoop::open() {
    Conf conf = configure(config_, name_);
    rd_kafka_conf_set_opaque(conf.get(), this);
    rd_kafka_conf_set_rebalance_cb(conf.get(), &ConsumerLoop::on_rebalance_callback);
    rd_kafka_conf_set_error_cb(conf.get(), &ConsumerLoop::on_error_callback);
    auto client = std::move(conf).create(RD_KAFKA_CONSUMER);
    rd_kafka_poll_set_consumer(client.get());
    return client;
}

void ConsumerLoop::run(const std::stop_token& stop) {
    consume(stop);
    while (may_join_again(stop)) {
        client_.reset();
        client_ = open();
        consume(stop);
    }
}

void ConsumerLoop::on_fatal() {
    ended_ = true;
    if (rd_kafka_fatal_error(client_.get(), nullptr, 0) == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID) {
        on_fenced();
    } else {
        stop_on_fatal(client_.get(), name_);
    }
}

/// A broker that dies between taking our join and answering it knows us by a member id we never
/// heard of, and fences us for it when it is back. That is final for the client, but not for us.
/// Otherwise a second process of the same instance has most likely joined, and to join again would
/// fence that one.
void ConsumerLoop::on_fenced() {
    const auto now = std::chrono::steady_clock::now();
    if (now - fenced_at_ > kFenceQuiet) rejoins_ = 0;
    fenced_at_ = now;
    const bool after_outage = brokers_lost_at_ && now - *brokers_lost_at_ <= kOutageEchoes;
    fenced_ = after_outage && rejoins_ < kRejoinsMax;
    if (!fenced_) stop_on_fence(name_, config_.kafka.instance);
}

bool ConsumerLoop::may_join_again(const std::stop_token& stop) {
    if (!std::exchange(fenced_, false) || stop.stop_requested()) return false;
    ++rejoins_;
    rejoins_total_.increment();
    ended_ = false;
    ++revocations_;
    gathered_.clear();
    uncommitted_.clear();
    paused_.reset();
    telemetry::log_warning(
        "a consumer was fenced and joins its group again",
        {{"topic", config_.topic}, {"attempt", rejoins_}}
    );
    return true;
}

void ConsumerLoop::consume(const std::stop_token& stop) {
    if (shared()) {
        subscribe();
    } else if (!assign_all(stop)) {
        return;
    }
    while (!stop.stop_requested() && !ended_) {
        const auto batch = collect();
        if (!batch.empty() && process(batch, stop) == Next::kEnd) break;
        if (std::chrono::steady_clock::now() >= commit_due_) commit();
        note_end_of_partitions();
    }
    ready_ = false;
    // A broker that did not answer just now is not waited for again: what it missed is read again.
    if (!commits_fail_) commit();
    uncommitted_.clear();
    close();
}

/// Leaves in order if the broker answers. rd_kafka_consumer_close() would wait for it for ever.
void ConsumerLoop::close() {
    const QueueHandle queue(rd_kafka_queue_new(client_.get()));
    if (auto* error = rd_kafka_consumer_close_queue(client_.get(), queue.get())) {
        rd_kafka_error_destroy(error);
        return;
    }
    const auto until = Deadline::after(Milliseconds(within_end(kCloseTime)));
    while (rd_kafka_consumer_closed(client_.get()) == 0 && !until.expired()) {
        // As events, not by callbacks: records that were fetched and not handed over come here too,
        // and librdkafka aborts the process on a record where it only serves callbacks. They are
        // read again.
        const EventHandle event(rd_kafka_queue_poll(queue.get(), kPollMs));
        if (event && rd_kafka_event_type(event.get()) == RD_KAFKA_EVENT_REBALANCE) {
            on_rebalance(
                rd_kafka_event_error(event.get()), rd_kafka_event_topic_partition_list(event.get())
            );
        }
    }
}

void ConsumerLoop::subscribe() {
    const PartitionsHandle topics(rd_kafka_topic_partition_list_new(1));
    rd_kafka_topic_partition_list_add(topics.get(), config_.topic.c_str(), RD_KAFKA_PARTITION_UA);
    const auto code = rd_kafka_subscribe(client_.get(), topics.get());
    TECNOCHAT_ASSERT(code == RD_KAFKA_RESP_ERR_NO_ERROR, "one valid topic can be subscribed to");
}

Result<int> ConsumerLoop::partition_count() {
    auto* topic = rd_kafka_topic_new(client_.get(), config_.topic.c_str(), nullptr);
    const rd_kafka_metadata_t* metadata = nullptr;
    const auto code = rd_kafka_metadata(client_.get(), 0, topic, &metadata, kMetadataMs);
    rd_kafka_topic_destroy(topic);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return error_of(code);
    const auto failure = metadata->topics[0].err;
    const int count = metadata->topics[0].partition_cnt;
    rd_kafka_metadata_destroy(metadata);
    if (failure != RD_KAFKA_RESP_ERR_NO_ERROR) return error_of(failure);
    if (count == 0) return error_of(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    return count;
}

bool ConsumerLoop::assign_all(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        const auto count = partition_count();
        if (count) {
            partitions_ = *count;
            const auto from = config_.reads == Reads::kAllFromEnd ? RD_KAFKA_OFFSET_END
                                                                  : RD_KAFKA_OFFSET_BEGINNING;
            const PartitionsHandle list(rd_kafka_topic_partition_list_new(*count));
            for (int i = 0; i < *count; ++i) {
                rd_kafka_topic_partition_list_add(list.get(), config_.topic.c_str(), i)->offset =
                    from;
            }
            rd_kafka_assign(client_.get(), list.get());
            return true;
        }
        telemetry::log_limited(
            telemetry::Level::kWarning,
            "a topic cannot be read yet",
            {{"topic", config_.topic}, {"code", count.error().reason}}
        );
        poll(kPollMs);  // waits, and serves librdkafka's events
    }
    return false;
}

std::vector<Record> ConsumerLoop::collect() {
    // First what came while the last batch was handled.
    bool full = take_along();
    const bool faster = gathered_.size() >= kWaitingRecords;
    if (gathered_.empty()) {
        if (!poll(kPollMs)) return {};
        full = take_along();
    }
    if (!full && !gathered_.empty() && config_.gather_busy.count() > 0 &&
        (faster || rate_.brings_more(config_.gather_busy))) {
        gathers_.increment();
        // Not by polling: librdkafka gathers by itself, and each record would wake this thread.
        std::this_thread::sleep_for(config_.gather_busy);
        take_along();
    }
    if (!gathered_.empty()) rate_.note(gathered_.size(), std::chrono::steady_clock::now());
    return std::exchange(gathered_, {});
}

bool ConsumerLoop::take_along() {
    std::size_t bytes = 0;
    for (const auto& record : gathered_) bytes += record.value.size();
    while (gathered_.size() < static_cast<std::size_t>(config_.max_batch) && bytes < kMaxBatchBytes
    ) {
        const auto before = gathered_.size();
        if (ended_ || !poll(0)) return false;
        if (gathered_.size() > before) bytes += gathered_.back().value.size();
    }
    return true;
}

bool ConsumerLoop::poll(int timeout_ms) {
    const MessageHandle message(rd_kafka_consumer_poll(client_.get(), timeout_ms));
    if (!message) return false;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        gathered_.push_back(to_record(*message));
    } else {
        on_event(*message);
    }
    return true;
}

void ConsumerLoop::on_event(const rd_kafka_message_t& event) {
    if (event.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        at_end_.insert(event.partition);
        return;
    }
    if (event.err == RD_KAFKA_RESP_ERR__FATAL) {
        on_fatal();
        return;
    }
    telemetry::log_limited(
        telemetry::Level::kWarning,
        "a Kafka consumer has trouble",
        {{"topic", config_.topic}, {"code", rd_kafka_err2name(event.err)}}
    );
}

void ConsumerLoop::note_end_of_partitions() {
    if (!shared() && at_end_.size() == static_cast<std::size_t>(partitions_)) {
        ready_ = true;
    }
}

Status ConsumerLoop::call_handler(const std::vector<Record>& batch) {
    const auto start = std::chrono::steady_clock::now();
    const auto guarded = [&]() -> Status {
        try {
            return handler_(batch);
        } catch (const std::exception& error) {
            return make_error(ErrorCode::kInternal, error.what(), "HANDLER_THREW");
        }
    };
    Status status = guarded();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    handler_seconds_.observe(took.count());
    return status;
}

ConsumerLoop::Next ConsumerLoop::process(
    const std::vector<Record>& batch, const std::stop_token& stop
) {
    batch_records_.observe(static_cast<double>(batch.size()));
    const auto revocations = revocations_;
    for (Milliseconds pause = kFirstPause;; pause = std::min(pause * 2, config_.longest_pause)) {
        const Status status = call_handler(batch);
        if (status) break;
        const auto code = to_string(status.error().code);
        if (!is_retryable(status.error())) {
            telemetry::log_error(
                "a batch cannot be processed and ends the process",
                {{"topic", config_.topic}, {"code", code}, {"reason", status.error().reason}}
            );
            runtime::request_stop(1, name_ + ": a batch cannot be processed");
            return Next::kEnd;
        }
        retries_.increment();
        telemetry::log_limited(
            telemetry::Level::kWarning,
            "a batch will be tried again",
            {{"topic", config_.topic}, {"code", code}, {"reason", status.error().reason}}
        );
        pause_and_poll(pause, stop);
        if (revocations != revocations_ || stop.stop_requested() || ended_) {
            resume();
            return Next::kGoOn;  // not committed: whoever owns the partitions reads it again
        }
    }
    resume();
    records_.increment(static_cast<double>(batch.size()));
    note_processed(batch);
    return Next::kGoOn;
}

/// Polling goes on, so that the membership lives; paused partitions bring no more records.
void ConsumerLoop::pause_and_poll(Milliseconds pause, const std::stop_token& stop) {
    if (!paused_) {
        rd_kafka_topic_partition_list_t* assigned = nullptr;
        rd_kafka_assignment(client_.get(), &assigned);
        paused_.reset(assigned);
        if (paused_) rd_kafka_pause_partitions(client_.get(), paused_.get());
    }
    const auto revocations = revocations_;
    const auto until = Deadline::after(pause);
    while (!until.expired() && !stop.stop_requested() && !ended_ && revocations == revocations_) {
        poll(static_cast<int>(std::min<std::int64_t>(until.remaining().count() + 1, kPollMs)));
    }
}

void ConsumerLoop::resume() {
    if (paused_) rd_kafka_resume_partitions(client_.get(), paused_.get());
    paused_.reset();
}

void ConsumerLoop::note_processed(const std::vector<Record>& batch) {
    if (!shared()) return;
    if (uncommitted_.empty()) commit_due_ = std::chrono::steady_clock::now() + kCommitEvery;
    for (const auto& record : batch) uncommitted_[record.partition] = record.offset + 1;
}

void ConsumerLoop::commit() {
    commit_due_ = std::chrono::steady_clock::time_point::max();
    const auto next = std::exchange(uncommitted_, {});
    if (next.empty()) return;
    const PartitionsHandle offsets(rd_kafka_topic_partition_list_new(static_cast<int>(next.size()))
    );
    for (const auto& [partition, offset] : next) {
        rd_kafka_topic_partition_list_add(offsets.get(), config_.topic.c_str(), partition)->offset =
            offset;
    }
    if (config_.offset != nullptr) config_.offset->before.hit();
    const auto code = commit_and_wait(offsets.get());
    if (config_.offset != nullptr) config_.offset->after.hit();
    commits_fail_ = code != RD_KAFKA_RESP_ERR_NO_ERROR;
    if (!commits_fail_) return;
    // Even a fatal error is judged when its event is polled: what explains it, brokers lost while
    // the handler ran, lies before it in the queue. Tried again with what comes meanwhile; until
    // then a restart reads these again, and the inbox knows. insert() keeps newer offsets.
    uncommitted_.insert(next.begin(), next.end());
    commit_due_ = std::chrono::steady_clock::now() + kCommitAgain;
    telemetry::log_limited(
        telemetry::Level::kWarning,
        "offsets were not committed",
        {{"topic", config_.topic}, {"code", rd_kafka_err2name(code)}}
    );
}

/// rd_kafka_commit(…, async = 0), but bounded: that one waits as long as the broker is away.
rd_kafka_resp_err_t ConsumerLoop::commit_and_wait(const rd_kafka_topic_partition_list_t* offsets) {
    const QueueHandle queue(rd_kafka_queue_new(client_.get()));
    const auto code = rd_kafka_commit_queue(client_.get(), offsets, queue.get(), nullptr, nullptr);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return code;
    const EventHandle event(rd_kafka_queue_poll(queue.get(), within_end(kCommitTime)));
    return event ? rd_kafka_event_error(event.get()) : RD_KAFKA_RESP_ERR__TIMED_OUT;
}

int ConsumerLoop::within_end(Milliseconds limit) const {
    const auto left = Deadline::at(end_by_).remaining();
    return static_cast<int>(std::min(left, limit).count());
}

void ConsumerLoop::on_error(rd_kafka_resp_err_t code) {
    const char* name = rd_kafka_err2name(code);
    const bool lost = means_lost_brokers(code);
    if (lost) brokers_lost_at_ = std::chrono::steady_clock::now();
    metrics_
        .counter(
            "tecnochat_kafka_client_errors_total",
            "What librdkafka tells about a consumer's connections",
            {{"topic", config_.topic}, {"code", name}}
        )
        .increment();
    telemetry::log_limited(
        telemetry::Level::kWarning,
        lost ? "a Kafka consumer has lost brokers" : "a Kafka consumer has trouble",
        {{"topic", config_.topic}, {"code", name}}
    );
}

void ConsumerLoop::on_rebalance(
    rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t* partitions
) {
    if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        rd_kafka_assign(client_.get(), partitions);
        ready_ = true;
        return;
    }
    ++revocations_;
    gathered_.clear();
    commit();
    uncommitted_.clear();  // what could not be committed is the next owner's to read again
    commit_due_ = std::chrono::steady_clock::time_point::max();
    rd_kafka_assign(client_.get(), nullptr);
}

}  // namespace tecnochat::kafka
