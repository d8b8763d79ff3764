#pragma once

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tecnochat/channels/channel.hpp"
#include "tecnochat/core/clock.hpp"
#include "tecnochat/core/result.hpp"
#include "tecnochat/postgres/pool.hpp"
#include "tecnochat/telemetry/metrics.hpp"

namespace tecnochat::channels {

/// Numbers that are known, and what is known of them. An error (kDataLoss UNKNOWN_WORD) stands
/// where the row holds a state that this version does not know: the fault of the items that name
/// it.
using Entries = std::map<std::string, Result<Channel>, std::less<>>;

/// Which tenant a number belongs to and in which state it is: table channels, held in memory. Every
/// replica has one; it refreshes itself, so that a change which another replica stored is seen
/// within seconds. An epoch never goes back, however slow a read was. What it says may still be a
/// moment old: confirm() (store.hpp) settles it in the transaction that stores content.
/// Thread-safe.
class Directory {
 public:
    struct Config {
        Milliseconds refresh_every{2000};
        /// Between whole reads, which alone notice deleted rows.
        Milliseconds whole_every{300'000};
        /// How far an incremental read looks back beyond the last one: longer than any transaction
        /// that changes the table, for changes appear when they are committed.
        Milliseconds overlap{30'000};
        /// For tests: runs between the read of a refresh and its taking effect.
        std::function<void()> after_read = {};
    };

    Directory(postgres::Pool& pool, telemetry::Metrics& metrics);
    Directory(postgres::Pool& pool, telemetry::Metrics& metrics, Config config);
    ~Directory();
    Directory(const Directory&) = delete;
    Directory& operator=(const Directory&) = delete;

    /// Reads what has changed, or the whole table (the first time, and every whole_every). A
    /// failure leaves what was known, is logged (rate limited) and counted
    /// (tecnochat_channels_refresh_failures_total).
    Status refresh(Deadline deadline);

    /// A thread that refreshes now and then every refresh_every.
    void start();
    /// Ends it; a refresh under way is bounded by 5 s, or by Pool::stop.
    void stop(Deadline deadline);
    /// True once the whole table was read.
    [[nodiscard]] bool ready() const;

    /// What is known of these numbers. Those not in memory are looked up in the table, in one
    /// statement; an unknown number is missing from the answer.
    Result<Entries> find(std::span<const std::string> numbers, Deadline deadline);

    /// What this process has just committed. An epoch that is not newer changes nothing.
    void note(const Channel& channel);
    /// What is in memory about these may be wrong: the next find() asks the table.
    void mark_stale(std::span<const std::string> numbers);

    /// Every tenant that has a number, whatever its state; sorted.
    [[nodiscard]] std::vector<TenantId> tenants() const;

 private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace tecnochat::channels
