#include "tecnochat/runtime/service_app.hpp"

#include <algorithm>
#include <thread>

#include "tecnochat/rpc/server.hpp"
#include "tecnochat/telemetry/log.hpp"

namespace tecnochat::runtime {
namespace {

constexpr Milliseconds kStartTime{10'000};
constexpr Milliseconds kAskAgain{1000};
/// Of the time for a stop, what is left to those whose wait for the database just ended.
constexpr Milliseconds kAfterDatabase{500};

ServiceSettings with_tls(ServiceSettings settings) {
    settings.kafka.tls = settings.tls;
    return settings;
}

kafka::ProducerConfig producer_config(
    const ServiceSteps& steps, const ServiceSettings& settings, const Parts& parts
) {
    kafka::ProducerConfig config;
    config.kafka = settings.kafka;
    config.client_id = steps.service;
    config.mock_bootstrap = parts.mock_bootstrap;
    if (parts.producer) parts.producer(config);
    return config;
}

outbox::Outbox::Config outbox_config(ServiceSteps& steps) {
    outbox::Outbox::Config config;
    config.produce = &*steps.outbox_produce;
    config.erase = &*steps.outbox_delete;
    return config;
}

/// A little before the stop itself has to end.
Deadline database_deadline(Deadline deadline) {
    const auto left = deadline.remaining();
    return Deadline::after(left - std::min(left / 5, kAfterDatabase));
}

}  // namespace

ServiceSteps::ServiceSteps(std::string name, Shape parts) : service(std::move(name)), shape(parts) {
    TECNOCHAT_ASSERT(shape.database || !shape.outbox, "an outbox lives in a database");
    if (shape.dead_letters) dead_letter.emplace(service + ".dead-letter.produce");
    if (!shape.outbox) return;
    outbox_produce.emplace(service + ".outbox.produce");
    outbox_delete.emplace(service + ".outbox.delete");
}

void declare(config::Options& options, ServiceSettings& settings, const Shape& shape) {
    config::declare(options, settings.tls);
    config::declare(options, settings.kafka);
    if (shape.database) config::declare_postgres(options, settings.postgres_url);
    if (shape.rpc) config::declare_rpc(options, settings.rpc_listen, settings.rpc_allow_list);
}

struct ServiceApp::Rpc {
    Rpc(rpc::ServerConfig config,
        const std::vector<grpc::Service*>& services,
        telemetry::Metrics& metrics)
        : server(std::move(config), services, metrics) {}

    rpc::Server server;
    bool started = false;
};

ServiceApp::ServiceApp(
    ServiceSteps& steps, ServiceSettings settings, Parts parts, telemetry::Metrics& metrics
)
    : steps_(steps),
      settings_(with_tls(std::move(settings))),
      parts_(std::move(parts)),
      metrics_(metrics),
      producer_(producer_config(steps_, settings_, parts_), metrics) {
    if (steps.shape.database) {
        postgres::Pool::Config config;
        config.url = settings_.postgres_url;
        config.size = parts_.connections;
        pool_.emplace(std::move(config));
    }
    if (steps.shape.dead_letters) {
        dead_letters_.emplace(
            producer_, "dead-letters." + steps.service, metrics, &*steps.dead_letter
        );
    }
    if (steps.shape.outbox) {
        outbox_.emplace(*pool_, producer_, parts_.tenants, outbox_config(steps), metrics);
    }
}

ServiceApp::~ServiceApp() = default;

postgres::Pool& ServiceApp::pool() {
    TECNOCHAT_ASSERT(pool_.has_value(), "the service's shape has a database");
    return *pool_;
}

kafka::DeadLetters& ServiceApp::dead_letters() {
    TECNOCHAT_ASSERT(dead_letters_.has_value(), "the service's shape has dead letters");
    return *dead_letters_;
}

outbox::Outbox& ServiceApp::outbox() {
    TECNOCHAT_ASSERT(outbox_.has_value(), "the service's shape has an outbox");
    return *outbox_;
}

kafka::Producer& ServiceApp::add_producer(const std::function<void(kafka::ProducerConfig&)>& change
) {
    auto config = producer_config(steps_, settings_, parts_);
    change(config);
    more_producers_.push_back(std::make_unique<kafka::Producer>(config, metrics_));
    return *more_producers_.back();
}

pipeline::Runtime ServiceApp::runtime() {
    return {
        pool_ ? &*pool_ : nullptr,
        outbox_ ? &*outbox_ : nullptr,
        &producer_,
        dead_letters(),
        metrics_
    };
}

int ServiceApp::rpc_port() const {
    TECNOCHAT_ASSERT(rpc_ != nullptr, "a started service with RPCs");
    return rpc_->server.port();
}

void ServiceApp::before_start(std::function<Status(Deadline)> hook) {
    hooks_.push_back(std::move(hook));
}

void ServiceApp::serve(grpc::Service& service) {
    TECNOCHAT_ASSERT(steps_.shape.rpc, "the service's shape has RPCs");
    services_.push_back(&service);
}

void ServiceApp::consume_named(
    std::string_view service,
    std::string_view topic,
    StepFailpoints& offset,
    kafka::Consumer::Handler handler,
    const TopicOptions& options
) {
    TECNOCHAT_ASSERT(service == steps_.service, "a topic of this service");
    kafka::ConsumerConfig config;
    config.kafka = settings_.kafka;
    config.service = service;
    config.topic = topic;
    config.gather = options.gather;
    config.longest_pause = options.longest_pause;
    config.reads = options.reads;
    config.offset = &offset;
    config.mock_bootstrap = parts_.mock_bootstrap;
    consumers_.push_back(
        std::make_unique<kafka::Consumer>(std::move(config), std::move(handler), metrics_)
    );
}

Status ServiceApp::start() {
    if (steps_.shape.rpc) {
        // Before anything runs: a bad allow-list or certificate throws.
        rpc_ = std::make_unique<Rpc>(
            rpc::ServerConfig{
                steps_.service, settings_.rpc_listen, settings_.tls, settings_.rpc_allow_list
            },
            services_,
            metrics_
        );
    }
    try {
        return start_in_order();
    } catch (const std::exception& error) {
        // Something may run already: an error is followed by stop(), an exception is not.
        return make_error(ErrorCode::kInternal, error.what(), "START_THREW");
    }
}

Status ServiceApp::start_in_order() {
    if (pool_) TECNOCHAT_CHECK(pool_->acquire(Deadline::after(kStartTime)));
    for (const auto& hook : hooks_) TECNOCHAT_CHECK(hook(Deadline::after(kStartTime)));
    if (outbox_) outbox_->start();
    TECNOCHAT_CHECK(start_parts(workers_));
    if (rpc_) {
        TECNOCHAT_CHECK(rpc_->server.start());
        rpc_->started = true;
    }
    TECNOCHAT_CHECK(start_parts(intake_));
    for (const auto& consumer : consumers_) consumer->start();
    return ok();
}

Status ServiceApp::start_parts(std::vector<Part>& parts) {
    for (auto& part : parts) {
        TECNOCHAT_CHECK(part.start());
        part.started = true;
    }
    return ok();
}

bool ServiceApp::ready() const {
    const auto ready = [](const Part& part) { return part.ready(); };
    return std::ranges::all_of(
               consumers_, [](const auto& consumer) { return consumer->ready(); }
           ) &&
           std::ranges::all_of(workers_, ready) && std::ranges::all_of(intake_, ready) &&
           producer_.connected() &&
           std::ranges::all_of(
               more_producers_, [](const auto& producer) { return producer->connected(); }
           ) &&
           (!pool_ || pool_->reachable());
}

void ServiceApp::stop(Deadline deadline) {
    if (pool_) pool_->stop(database_deadline(deadline));
    stop_intake(deadline);
    stop_parts(workers_, deadline);
    if (outbox_) outbox_->stop(deadline);
    producer_.flush_by(deadline);
    for (const auto& producer : more_producers_) producer->flush_by(deadline);
}

void ServiceApp::stop_intake(Deadline deadline) {
    for (const auto& consumer : consumers_) consumer->request_stop();
    {
        const std::jthread rpc([&] {
            if (rpc_ && rpc_->started) rpc_->server.stop(deadline);
        });
        stop_parts(intake_, deadline);
    }
    for (const auto& consumer : consumers_) {
        if (consumer->stop(deadline)) continue;
        telemetry::log_error("a consumer's handler hangs past the deadline of the stop");
        while (!consumer->stop(Deadline::after(kAskAgain))) continue;
    }
}

void ServiceApp::stop_parts(std::vector<Part>& parts, Deadline deadline) {
    std::vector<std::jthread> threads;
    for (auto& part : parts) {
        if (!std::exchange(part.started, false)) continue;
        threads.emplace_back([&part, deadline] { part.stop(deadline); });
    }
}

}  // namespace tecnochat::runtime
