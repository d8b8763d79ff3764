#include "tecnochat/kafka/producer.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <variant>

#include "client.hpp"
#include "front_queue.hpp"
#include "tecnochat/core/assert.hpp"
#include "tecnochat/telemetry/log.hpp"

namespace tecnochat::kafka {
namespace {

constexpr int kPollMs = 100;
constexpr int kFlushMs = 5000;
/// How long "the brokers answer" holds after an answer, and how it is renewed.
constexpr Milliseconds kAnswerHolds{6000};
constexpr Milliseconds kProbeEvery{2000};
constexpr Milliseconds kProbeEveryWhileAway{250};
constexpr int kProbeTimeoutMs = 1000;

std::int64_t steady_ms() {
    return std::chrono::duration_cast<Milliseconds>(
               std::chrono::steady_clock::now().time_since_epoch()
    )
        .count();
}

/// rd_kafka_produceva's arguments; C++ cannot use the varargs macros without warnings.
rd_kafka_vu_t argument(rd_kafka_vtype_t type) {
    rd_kafka_vu_t value{};
    value.vtype = type;
    return value;
}

rd_kafka_headers_t* to_native(const Headers& headers) {
    auto* native = rd_kafka_headers_new(headers.size());
    for (const auto& [name, value] : headers) {
        rd_kafka_header_add(
            native,
            name.data(),
            static_cast<ssize_t>(name.size()),
            value.data(),
            static_cast<ssize_t>(value.size())
        );
    }
    return native;
}

/// Readable once librdkafka's main queue is no longer empty; and from the start, for librdkafka
/// tells only of a queue that was empty, and something may have come before it was asked to.
class QueueEvent {
 public:
    explicit QueueEvent(rd_kafka_t* client)
        : descriptor_(eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC)),
          queue_(rd_kafka_queue_get_main(client)) {
        TECNOCHAT_ASSERT(descriptor_ >= 0, "a descriptor for Kafka's events");
        constexpr std::uint64_t kOne = 1;
        rd_kafka_queue_io_event_enable(queue_, descriptor_, &kOne, sizeof kOne);
    }
    ~QueueEvent() {
        rd_kafka_queue_io_event_enable(queue_, -1, nullptr, 0);
        rd_kafka_queue_destroy(queue_);
        close(descriptor_);
    }
    QueueEvent(const QueueEvent&) = delete;
    QueueEvent& operator=(const QueueEvent&) = delete;

    [[nodiscard]] int descriptor() const { return descriptor_; }
    void clear() const {
        std::uint64_t count = 0;
        // Empty where somebody else was faster; then there is nothing to clear.
        static_cast<void>(read(descriptor_, &count, sizeof count));
    }

 private:
    int descriptor_;
    rd_kafka_queue_t* queue_;
};

/// librdkafka's opaque pointer of one record.
struct Waiter {
    std::variant<Producer::Acknowledged, Producer::Delivered> callback;

    void tell(Delivery delivery) const {
        if (const auto* delivered = std::get_if<Producer::Delivered>(&callback)) {
            if (*delivered) (*delivered)(std::move(delivery));
        } else if (const auto& acknowledged = std::get<Producer::Acknowledged>(callback)) {
            acknowledged(std::move(delivery.status));
        }
    }
};

}  // namespace

struct Producer::Impl {
    Impl(const ProducerConfig& config, telemetry::Metrics& metrics);
    ~Impl();

    void acknowledge(const rd_kafka_message_t* message);
    void on_error(rd_kafka_resp_err_t code);
    void poll(const std::stop_token& stop) const;
    void probe(const std::stop_token& stop);
    void send(const OutRecord& record, std::unique_ptr<Waiter> waiter);
    rd_kafka_resp_err_t produce(const OutRecord& record, void* opaque) const;
    void refuse(void* opaque, rd_kafka_resp_err_t code);

    static void on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void* self) {
        static_cast<Impl*>(self)->acknowledge(message);
    }
    static void on_error(rd_kafka_t*, int code, const char*, void* self) {
        static_cast<Impl*>(self)->on_error(static_cast<rd_kafka_resp_err_t>(code));
    }

    const std::string client_id;
    telemetry::Counter acknowledged;
    telemetry::Counter failed;
    telemetry::Histogram ack_seconds;
    /// Steady milliseconds of the brokers' last answer; 0: away.
    std::atomic<std::int64_t> last_answer{0};
    std::atomic<bool> fatal{false};
    std::optional<Deadline> flush_limit;
    ClientHandle client;
    std::vector<TopicHandle> lasting;   // topics without a delivery timeout
    std::unique_ptr<QueueEvent> event;  // if the caller serves
    std::optional<FrontQueue> front;    // until the end begins
    std::mutex probe_mutex;
    std::condition_variable_any probe_wake;
    std::jthread poller;  // the threads use everything above: they go first
    std::jthread prober;
};

Producer::Impl::Impl(const ProducerConfig& config, telemetry::Metrics& metrics)
    : client_id(config.client_id),
      acknowledged(
          metrics.counter("tecnochat_kafka_produced_total", "Records the broker acknowledged")
      ),
      failed(metrics.counter(
          "tecnochat_kafka_produce_failures_total", "Records that were not acknowledged"
      )),
      ack_seconds(metrics.histogram(
          "tecnochat_kafka_ack_seconds", "From handing a record over to its acknowledgement"
      )) {
    Conf conf({config.kafka, config.client_id, config.mock_brokers, config.mock_bootstrap});
    conf.set("enable.idempotence", "true");
    conf.set("acks", "all");
    conf.set("linger.ms", std::to_string(config.gather.count()));
    // librdkafka's own default for this is a fixed time.
    conf.set("sticky.partitioning.linger.ms", std::to_string(2 * config.gather.count()));
    conf.set("delivery.timeout.ms", std::to_string(config.delivery_timeout.count()));
    conf.set("retry.backoff.ms", "50");
    conf.set("partitioner", "murmur2_random");
    // A full queue is told at once; 64 MiB hold over a minute of the traffic we are built for.
    conf.set("queue.buffering.max.messages", "100000");
    conf.set("queue.buffering.max.kbytes", "65536");
    rd_kafka_conf_set_opaque(conf.get(), this);
    rd_kafka_conf_set_dr_msg_cb(conf.get(), &Impl::on_delivery);
    rd_kafka_conf_set_error_cb(conf.get(), &Impl::on_error);
    client = std::move(conf).create(RD_KAFKA_PRODUCER);
    front.emplace(
        config.served_by_caller || config.gather.count() > 0 ? Milliseconds(0) : config.linger,
        [this](const OutRecord& record, void* opaque) { return produce(record, opaque); },
        [this](void* opaque, rd_kafka_resp_err_t code) { refuse(opaque, code); }
    );
    if (config.served_by_caller) {
        event = std::make_unique<QueueEvent>(client.get());
    } else {
        poller = std::jthread([this](const std::stop_token& stop) { poll(stop); });
    }
    prober = std::jthread([this](const std::stop_token& stop) { probe(stop); });
}

Producer::Impl::~Impl() {
    prober.request_stop();
    prober.join();
    front.reset();
    auto flush_ms = static_cast<std::int64_t>(kFlushMs);
    if (flush_limit) flush_ms = std::min(flush_ms, flush_limit->remaining().count());
    rd_kafka_flush(client.get(), static_cast<int>(flush_ms));
    // What is left fails now, so that every caller hears of its record.
    rd_kafka_purge(client.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_flush(client.get(), kPollMs);
    poller.request_stop();
    if (poller.joinable()) poller.join();
}

void Producer::Impl::poll(const std::stop_token& stop) const {
    while (!stop.stop_requested()) rd_kafka_poll(client.get(), kPollMs);
}

/// librdkafka tells when all brokers are down, but not when one is back: ask.
void Producer::Impl::probe(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        const rd_kafka_metadata_t* metadata = nullptr;
        const auto code = rd_kafka_metadata(client.get(), 0, nullptr, &metadata, kProbeTimeoutMs);
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
            rd_kafka_metadata_destroy(metadata);
            last_answer = steady_ms();
        }
        const auto pause = code == RD_KAFKA_RESP_ERR_NO_ERROR ? kProbeEvery : kProbeEveryWhileAway;
        std::unique_lock lock(probe_mutex);
        probe_wake.wait_for(lock, stop, pause, [] { return false; });
    }
}

void Producer::Impl::acknowledge(const rd_kafka_message_t* message) {
    const std::unique_ptr<Waiter> waiter(static_cast<Waiter*>(message->_private));
    Delivery delivery{ok()};
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        last_answer = steady_ms();
        acknowledged.increment();
        ack_seconds.observe(static_cast<double>(rd_kafka_message_latency(message)) / 1e6);
    } else {
        failed.increment();
        delivery.status = error_of(message->err);
        delivery.in_doubt = rd_kafka_message_status(message) != RD_KAFKA_MSG_STATUS_NOT_PERSISTED;
    }
    try {
        waiter->tell(std::move(delivery));
    } catch (const std::exception& error) {
        telemetry::log_error("a delivery callback threw", {{"detail", error.what()}});
    }
}

void Producer::Impl::on_error(rd_kafka_resp_err_t code) {
    if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) last_answer = 0;
    if (code == RD_KAFKA_RESP_ERR__FATAL) {
        fatal = true;
        stop_on_fatal(client.get(), client_id);
    }
}

void Producer::Impl::send(const OutRecord& record, std::unique_ptr<Waiter> waiter) {
    // Owned by the report of its delivery, or by refuse().
    front->add(record, waiter.release());
}

void Producer::Impl::refuse(void* opaque, rd_kafka_resp_err_t code) {
    const std::unique_ptr<Waiter> waiter(static_cast<Waiter*>(opaque));
    failed.increment();
    waiter->tell({error_of(code)});
}

rd_kafka_resp_err_t Producer::Impl::produce(const OutRecord& record, void* opaque) const {
    std::array<rd_kafka_vu_t, 6> arguments{
        argument(RD_KAFKA_VTYPE_TOPIC),
        argument(RD_KAFKA_VTYPE_MSGFLAGS),
        argument(RD_KAFKA_VTYPE_VALUE),
        argument(RD_KAFKA_VTYPE_KEY),
        argument(RD_KAFKA_VTYPE_OPAQUE),
        argument(RD_KAFKA_VTYPE_HEADERS),
    };
    // librdkafka copies (F_COPY) and takes no const.
    const auto bytes = [](const std::string& text) {
        return text.empty() ? nullptr : const_cast<char*>(text.data());
    };
    arguments[0].u.cstr = record.topic.c_str();
    arguments[1].u.i = RD_KAFKA_MSG_F_COPY;
    // An empty value is not a missing one: that would be a tombstone.
    arguments[2].u.mem = {const_cast<char*>(record.value.data()), record.value.size()};
    arguments[3].u.mem = {bytes(record.key), record.key.size()};
    arguments[4].u.ptr = opaque;
    arguments[5].u.headers = to_native(record.headers);
    rd_kafka_error_t* error = rd_kafka_produceva(client.get(), arguments.data(), arguments.size());
    if (error == nullptr) return RD_KAFKA_RESP_ERR_NO_ERROR;
    rd_kafka_headers_destroy(arguments[5].u.headers);  // ours again after a failure
    const auto code = rd_kafka_error_code(error);
    rd_kafka_error_destroy(error);
    return code;
}

Producer::Producer(const ProducerConfig& config, telemetry::Metrics& metrics)
    : impl_(std::make_unique<Impl>(config, metrics)) {}

Producer::~Producer() = default;

void Producer::send(const OutRecord& record, Acknowledged acknowledged) {
    impl_->send(record, std::make_unique<Waiter>(Waiter{std::move(acknowledged)}));
}

void Producer::send_tracked(const OutRecord& record, Delivered delivered) {
    impl_->send(record, std::make_unique<Waiter>(Waiter{std::move(delivered)}));
}

void Producer::never_time_out(const std::string& topic) {
    auto* conf = rd_kafka_default_topic_conf_dup(impl_->client.get());
    const auto set = rd_kafka_topic_conf_set(conf, "message.timeout.ms", "0", nullptr, 0);
    TECNOCHAT_ASSERT(set == RD_KAFKA_CONF_OK, "librdkafka knows records without a time limit");
    // librdkafka keeps one topic object per name: records sent by name find this one.
    impl_->lasting.emplace_back(rd_kafka_topic_new(impl_->client.get(), topic.c_str(), conf));
    TECNOCHAT_ASSERT(impl_->lasting.back() != nullptr, "a topic with a valid name");
}

namespace {

/// What send_and_wait and its callbacks share; callbacks may come after the deadline.
struct Pending {
    std::mutex mutex;
    std::condition_variable settled;
    std::size_t open = 0;
    std::optional<Error> failure;
};

}  // namespace

Status Producer::send_and_wait(std::span<const OutRecord> records, Deadline deadline) {
    const auto pending = std::make_shared<Pending>();  // owned by this call and each callback
    for (const auto& record : records) {
        {
            std::scoped_lock lock(pending->mutex);
            // A later record of the same key must not overtake one that was refused.
            if (pending->failure) break;
            ++pending->open;
        }
        send(record, [pending](Status status) {
            std::scoped_lock lock(pending->mutex);
            --pending->open;
            if (!status && !pending->failure) pending->failure = std::move(status).error();
            pending->settled.notify_one();
        });
    }
    std::unique_lock lock(pending->mutex);
    const bool all = pending->settled.wait_until(lock, deadline.time_point(), [&] {
        return pending->open == 0;
    });
    if (const auto& failure = pending->failure) return *failure;
    if (!all) return make_error(ErrorCode::kDeadlineExceeded, "Kafka did not answer in time");
    return ok();
}

int Producer::descriptor() const {
    TECNOCHAT_ASSERT(impl_->event != nullptr, "a producer that its caller serves");
    return impl_->event->descriptor();
}

void Producer::serve() {
    TECNOCHAT_ASSERT(impl_->event != nullptr, "a producer that its caller serves");
    // Before the queue is emptied: what comes meanwhile is told anew.
    impl_->event->clear();
    rd_kafka_poll(impl_->client.get(), 0);
}

void Producer::flush_by(Deadline deadline) {
    impl_->flush_limit = deadline;
}

bool Producer::connected() const {
    return !impl_->fatal && steady_ms() - impl_->last_answer < kAnswerHolds.count();
}

}  // namespace tecnochat::kafka
