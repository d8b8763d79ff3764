#pragma once

#include <string>
#include <thread>

#include "use_cases/dispatcher.hpp"
#include "use_cases/maintenance.hpp"
#include "use_cases/recorder.hpp"

namespace tecnochat::whatsapp_connector {

/// What drives stored sends to Meta and settles them, as one worker: the dispatcher, the recorder
/// of its answers, and maintenance. Whatever is posted until the stop is also written down, within
/// the deadline.
class Sending {
 public:
    /// How sends leave.
    struct Wire {
        RateLimiter& limiter;
        GraphApi& graph;
        const whatsapp::OpaqueCodec& opaque;
    };
    struct Config {
        std::string instance;  // of this replica, kept over restarts
        std::int64_t workers = 16;
        Maintenance::Times times;
    };

    Sending(
        const Config& config,
        const Dispatcher::Storage& storage,
        const Wire& wire,
        const Clock& clock,
        telemetry::Metrics& metrics
    )
        : recorder_(storage.pool, storage.sends, storage.outbox, clock, metrics),
          dispatcher_(
              {config.instance, static_cast<int>(config.workers)},
              storage,
              {wire.limiter, wire.graph, wire.opaque, recorder_},
              clock,
              metrics
          ),
          maintenance_(
              {config.instance, config.times},
              {storage.pool, storage.channels, storage.sends, storage.outbox},
              clock,
              metrics,
              [this](const auto& numbers) { wake(numbers); }
          ) {}

    /// What an earlier process of this instance had on the wire; before start(), or it would be
    /// taken for ours.
    Status recover_own() { return maintenance_.recover_own(); }
    void start() {
        recorder_.start([this](const auto& numbers) { wake(numbers); });
        dispatcher_.start();
        maintenance_.start();
    }
    void stop(Deadline deadline) {
        const std::jthread beside([&] { maintenance_.stop(deadline); });
        dispatcher_.stop(deadline);
        recorder_.stop(deadline);
    }
    /// These may have something to send. Cheap, from any thread.
    void wake(const std::vector<ReadyNumber>& numbers) { dispatcher_.wake(numbers); }

 private:
    Recorder recorder_;
    Dispatcher dispatcher_;
    Maintenance maintenance_;
};

}  // namespace tecnochat::whatsapp_connector
