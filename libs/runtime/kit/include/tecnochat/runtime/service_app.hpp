#pragma once

#include <concepts>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "tecnochat/config/settings.hpp"
#include "tecnochat/core/failpoint.hpp"
#include "tecnochat/kafka/consumer.hpp"
#include "tecnochat/kafka/dead_letters.hpp"
#include "tecnochat/kafka/producer.hpp"
#include "tecnochat/outbox/outbox.hpp"
#include "tecnochat/pipeline/runtime.hpp"
#include "tecnochat/postgres/pool.hpp"
#include "tecnochat/runtime/service.hpp"

namespace grpc {
class Service;
}  // namespace grpc

namespace tecnochat::runtime {

/// Which parts a service has. Its settings and failpoints follow from it.
struct Shape {
    bool database = true;
    bool outbox = true;  // wants the database
    bool rpc = true;
    bool dead_letters = true;  // topic "dead-letters.<service>"
};

/// A service's name and shape with the failpoints that follow from them:
/// "<service>.dead-letter.produce", "<service>.outbox.produce", "<service>.outbox.delete", each
/// .before and .after. Static, at namespace scope of app.cpp: `--list-failpoints` answers before
/// anything is constructed.
struct ServiceSteps {
    explicit ServiceSteps(std::string service, Shape shape = {});
    const std::string service;
    const Shape shape;
    std::optional<StepFailpoints> dead_letter;
    std::optional<StepFailpoints> outbox_produce;
    std::optional<StepFailpoints> outbox_delete;
};

/// The settings every service of a shape has.
struct ServiceSettings {
    config::TlsFiles tls;
    config::KafkaSettings kafka;
    Secret postgres_url;
    std::string rpc_listen = "127.0.0.1:0";
    std::string rpc_allow_list = "deploy/rpc.yaml";
};

/// Declares tls-ca, tls-cert, tls-key, kafka-brokers, kafka-security, instance, and as the shape
/// has them postgres-url, rpc-listen, rpc-allow-list.
void declare(config::Options& options, ServiceSettings& settings, const Shape& shape);

/// What a service needs its own way.
struct Parts {
    /// Of the pool: one per consumer and worker that uses the database, two for the outbox, the
    /// rest for RPCs.
    int connections = 8;
    /// Every tenant whose events the outbox's sweeper may see; asked from start() on only.
    outbox::Outbox::Tenants tenants{};
    /// May change what follows from settings (served_by_caller, delivery_timeout, …).
    std::function<void(kafka::ProducerConfig&)> producer{};
    std::string mock_bootstrap{};  // tests only: a mock cluster's
};

/// How one topic is read; see kafka::ConsumerConfig.
struct TopicOptions {
    Milliseconds gather{0};
    Milliseconds longest_pause{5000};
    kafka::Reads reads = kafka::Reads::kShared;
};

/// A topic that knows its service and the failpoints around its offsets (pipeline::Topic).
template <class T>
concept ConsumedTopic = requires(const T& topic) {
    { topic.service() } -> std::convertible_to<std::string_view>;
    { topic.name() } -> std::convertible_to<std::string_view>;
    { topic.offset() } -> std::same_as<StepFailpoints&>;
};

/// What starts, stops within a deadline, and may say whether it is ready.
template <class T>
concept Startable = requires(T& part, Deadline deadline) {
    part.start();
    part.stop(deadline);
};

/// The composition root that all services share; a service's own derives from it, constructs what
/// is special to it, and names in its constructor what is to run:
///
///     start  database reachable -> before_start hooks -> outbox -> workers -> RPC server ->
///            other intake -> consumers
///     ready  every consumer ready, producer connected, database reachable, every worker ready
///     stop   intake (consumers, RPC server, other) all told first, then waited for side by side ->
///            workers side by side -> outbox. One deadline for all; from the start no wait for the
///            database lasts beyond it.
///
/// A start that fails stops what had started. stop() does not return while a consumer still calls
/// its handler, whose objects would go: the watchdog of run_service() ends such a process. Declare
/// nothing that runs by itself in the derived class without work() or intake(): its members go
/// before those of this class. Not thread-safe, ready() aside.
class ServiceApp : public App {
 public:
    Status start() final;
    [[nodiscard]] bool ready() const final;
    void stop(Deadline deadline) final;
    ~ServiceApp() override;
    ServiceApp(const ServiceApp&) = delete;
    ServiceApp& operator=(const ServiceApp&) = delete;

    /// The bound port of the RPC server; valid after start().
    [[nodiscard]] int rpc_port() const;

 protected:
    /// Throws where it cannot start. `steps` and `metrics` outlive it.
    ServiceApp(
        ServiceSteps& steps, ServiceSettings settings, Parts parts, telemetry::Metrics& metrics
    );

    [[nodiscard]] Clock& clock() { return clock_; }
    [[nodiscard]] telemetry::Metrics& metrics() { return metrics_; }
    [[nodiscard]] const ServiceSettings& settings() const { return settings_; }
    [[nodiscard]] kafka::Producer& producer() { return producer_; }
    /// Another one, for records that are to be sent another way. Ready and flushed like the first.
    kafka::Producer& add_producer(const std::function<void(kafka::ProducerConfig&)>& change);
    /// These three only as the shape has them (assert).
    [[nodiscard]] postgres::Pool& pool();
    [[nodiscard]] kafka::DeadLetters& dead_letters();
    [[nodiscard]] outbox::Outbox& outbox();
    /// What pipeline::transactional() and answering() work with; wants dead letters.
    [[nodiscard]] pipeline::Runtime runtime();

    /// Runs before anything consumes or serves, in order, within 10 s each.
    void before_start(std::function<Status(Deadline)> hook);
    /// A background worker. start() may return void or Status; ready() is asked where it exists.
    template <Startable T>
    void work(T& worker) {
        workers_.push_back(part(worker));
    }
    /// What brings work from outside besides Kafka and gRPC (an HTTP server).
    template <Startable T>
    void intake(T& server) {
        intake_.push_back(part(server));
    }
    void serve(grpc::Service& service);
    template <ConsumedTopic T>
    void consume(
        const T& topic, kafka::Consumer::Handler handler, const TopicOptions& options = {}
    ) {
        consume_named(topic.service(), topic.name(), topic.offset(), std::move(handler), options);
    }

 private:
    struct Part {
        std::function<Status()> start;
        std::function<void(Deadline)> stop;
        std::function<bool()> ready;
        bool started = false;
    };
    template <Startable T>
    static Part part(T& thing) {
        Part made;
        made.start = [&thing]() -> Status {
            if constexpr (std::is_void_v<decltype(thing.start())>) {
                thing.start();
                return ok();
            } else {
                return thing.start();
            }
        };
        made.stop = [&thing](Deadline deadline) { thing.stop(deadline); };
        made.ready = [&thing] {
            if constexpr (requires { thing.ready(); }) {
                return static_cast<bool>(thing.ready());
            } else {
                return true;
            }
        };
        return made;
    }
    void consume_named(
        std::string_view service,
        std::string_view topic,
        StepFailpoints& offset,
        kafka::Consumer::Handler handler,
        const TopicOptions& options
    );
    Status start_in_order();
    static Status start_parts(std::vector<Part>& parts);
    /// Side by side, each on a thread of its own.
    static void stop_parts(std::vector<Part>& parts, Deadline deadline);
    void stop_intake(Deadline deadline);

    ServiceSteps& steps_;
    ServiceSettings settings_;
    Parts parts_;
    telemetry::Metrics& metrics_;
    SystemClock clock_;
    mutable std::optional<postgres::Pool> pool_;  // a probe of ready() takes a connection
    kafka::Producer producer_;
    std::vector<std::unique_ptr<kafka::Producer>> more_producers_;
    std::optional<kafka::DeadLetters> dead_letters_;
    std::optional<outbox::Outbox> outbox_;
    std::vector<std::function<Status(Deadline)>> hooks_;
    std::vector<grpc::Service*> services_;
    std::vector<Part> workers_;
    std::vector<Part> intake_;
    struct Rpc;
    std::unique_ptr<Rpc> rpc_;
    std::vector<std::unique_ptr<kafka::Consumer>> consumers_;
};

}  // namespace tecnochat::runtime
