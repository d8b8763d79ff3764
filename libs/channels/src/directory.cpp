#include "tecnochat/channels/directory.hpp"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

#include "memory.hpp"
#include "row.hpp"
#include "tecnochat/channels/store.hpp"
#include "tecnochat/core/guarded.hpp"
#include "tecnochat/telemetry/log.hpp"

namespace tecnochat::channels {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

constexpr Milliseconds kRefreshTime{5000};

/// When the last successful reads began.
struct LastReads {
    std::optional<SteadyTime> whole;
    std::optional<SteadyTime> any;
};

/// What one refresh is to read: what changed since about `after`, or the whole table.
struct Reading {
    SteadyTime began;
    std::optional<SteadyTime> after;
};

}  // namespace

struct Directory::Impl {
    Impl(postgres::Pool& p, telemetry::Metrics& metrics, Config c)
        : pool(p),
          config(std::move(c)),
          failures(metrics.counter(
              "tecnochat_channels_refresh_failures_total",
              "Refreshes of the directory of numbers that failed"
          )),
          numbers(metrics.gauge("tecnochat_channels_numbers", "Numbers in the directory")) {}

    Reading next_reading();
    Result<std::vector<ChannelRow>> select(
        postgres::Transaction& transaction, const Reading& reading
    ) const;
    Status read_and_apply(const Reading& reading, Deadline deadline);
    void run(const std::stop_token& stop, Directory& directory);

    postgres::Pool& pool;
    const Config config;
    telemetry::Counter failures;
    telemetry::Gauge numbers;
    Guarded<Memory> memory;
    Guarded<LastReads> last_reads;
    std::mutex pause_mutex;
    std::condition_variable_any pause;  // between refreshes; only a stop ends it early
    std::jthread thread;                // last: ends before what it uses
};

Reading Directory::Impl::next_reading() {
    const auto now = std::chrono::steady_clock::now();
    return last_reads.with([&](const LastReads& last) -> Reading {
        const bool whole = !last.whole || now - *last.whole >= config.whole_every;
        return {now, whole ? std::nullopt : last.any};
    });
}

Result<std::vector<ChannelRow>> Directory::Impl::select(
    postgres::Transaction& transaction, const Reading& reading
) const {
    if (!reading.after) return select_all(transaction);
    // An age, because the server's clock and ours need not agree; measured now, because waiting for
    // a connection must not eat up the overlap.
    const auto age = std::chrono::steady_clock::now() - *reading.after;
    return select_changed(transaction, std::chrono::ceil<Milliseconds>(age) + config.overlap);
}

Status Directory::Impl::read_and_apply(const Reading& reading, Deadline deadline) {
    const auto began = memory.with([](Memory& held) { return held.begin_read(); });
    TECNOCHAT_TRY(auto transaction, postgres::Transaction::begin(pool, kNoTenants, deadline));
    TECNOCHAT_TRY(const auto rows, select(transaction, reading));
    TECNOCHAT_CHECK(transaction.commit());
    if (config.after_read) config.after_read();
    const auto size = memory.with([&](Memory& held) {
        if (reading.after) {
            held.apply(began, rows);
        } else {
            held.apply_whole(began, rows);
        }
        return held.size();
    });
    numbers.set(static_cast<double>(size));
    last_reads.with([&](LastReads& last) {
        last.any = std::max(last.any.value_or(reading.began), reading.began);
        if (!reading.after)
            last.whole = std::max(last.whole.value_or(reading.began), reading.began);
    });
    return ok();
}

void Directory::Impl::run(const std::stop_token& stop, Directory& directory) {
    while (!stop.stop_requested()) {
        // refresh() has logged and counted a failure; the next round tries again.
        [[maybe_unused]] const auto status = directory.refresh(Deadline::after(kRefreshTime));
        std::unique_lock lock(pause_mutex);
        pause.wait_for(lock, stop, config.refresh_every, [] { return false; });
    }
}

Directory::Directory(postgres::Pool& pool, telemetry::Metrics& metrics)
    : Directory(pool, metrics, Config()) {}

Directory::Directory(postgres::Pool& pool, telemetry::Metrics& metrics, Config config)
    : impl_(std::make_unique<Impl>(pool, metrics, std::move(config))) {}

Directory::~Directory() {
    stop(Deadline::after(Milliseconds(0)));
}

Status Directory::refresh(Deadline deadline) {
    auto status = impl_->read_and_apply(impl_->next_reading(), deadline);
    if (!status) {
        impl_->failures.increment();
        telemetry::log_limited(
            telemetry::Level::kWarning,
            "the directory of numbers cannot be refreshed",
            {{"code", to_string(status.error().code)}, {"reason", status.error().reason}}
        );
    }
    return status;
}

void Directory::start() {
    TECNOCHAT_ASSERT(!impl_->thread.joinable(), "a directory starts once");
    impl_->thread = std::jthread([this](const std::stop_token& stop) { impl_->run(stop, *this); });
}

/// The deadline needs no watching: a refresh under way is bounded by itself.
void Directory::stop(Deadline) {
    impl_->thread.request_stop();
    if (impl_->thread.joinable()) impl_->thread.join();
}

bool Directory::ready() const {
    return impl_->last_reads.with([](const LastReads& last) { return last.whole.has_value(); });
}

Result<Entries> Directory::find(std::span<const std::string> numbers, Deadline deadline) {
    Entries found;
    const auto missing =
        impl_->memory.with([&](const Memory& held) { return held.find(numbers, found); });
    if (missing.empty()) return found;
    const auto began = impl_->memory.with([](Memory& held) { return held.begin_read(); });
    TECNOCHAT_TRY(
        auto transaction, postgres::Transaction::begin(impl_->pool, kNoTenants, deadline)
    );
    TECNOCHAT_TRY(const auto rows, select_some(transaction, missing));
    TECNOCHAT_CHECK(transaction.commit());
    impl_->memory.with([&](Memory& held) { held.apply_lookup(began, missing, rows, found); });
    return found;
}

void Directory::note(const Channel& channel) {
    impl_->memory.with([&](Memory& held) { held.note(channel); });
}

void Directory::mark_stale(std::span<const std::string> numbers) {
    impl_->memory.with([&](Memory& held) { held.mark_stale(numbers); });
}

std::vector<TenantId> Directory::tenants() const {
    return impl_->memory.with([](const Memory& held) { return held.tenants(); });
}

}  // namespace tecnochat::channels
