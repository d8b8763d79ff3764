#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <vector>

#include "tecnochat/core/clock.hpp"
#include "tecnochat/sealing/keys.hpp"

namespace tecnochat::sealing {

/// Most people that one call may be asked for; bounds a request to the vault. More is a broken
/// invariant of the caller, whose batches and pages are bounded.
inline constexpr int kMaxPeople = 10'000;

/// Where the keys of people come from: the port that the vault fills. Everything that stores a
/// customer's words, names, phones or message ids goes through it. Call it before BEGIN, never
/// inside a transaction. Caches, retries and leases are the implementation's affair. Thread-safe.
class Sealer {
 public:
    virtual ~Sealer() = default;

    /// The keys of these people in one call; the order and repetitions do not matter. Erased people
    /// are in it as kErased. Whose key cannot be had now is kNotYet while others are open: nobody
    /// waits for another's key. A person never heard of before gets a key, durable before it is
    /// returned. kUnavailable or kDeadlineExceeded only where nothing could be learnt of any of
    /// them: back-pressure.
    [[nodiscard]] virtual Result<Keys> fetch(std::span<const Person> people, Deadline deadline) = 0;

    /// Ids for `count` (0 to kMaxPeople) people of `tenant` who have none yet; their keys are
    /// durable, and open in `into`, beside what it holds. No id is handed out twice; those left
    /// unused are lost. All or nothing: after kUnavailable or kDeadlineExceeded `into` is as
    /// before.
    [[nodiscard]] virtual Result<std::vector<ContactId>> new_people(
        const TenantId& tenant, int count, Keys& into, Deadline deadline
    ) = 0;

    /// This service's own key of a day (UTC), for content whose person is not known yet. Durable
    /// before it is returned. It is destroyed when the day is long over: kFailedPrecondition
    /// PERSON_ERASED then. kUnavailable or kDeadlineExceeded: back-pressure.
    [[nodiscard]] virtual Result<std::shared_ptr<const Keyring>> fetch_daily(
        std::chrono::sys_days day, Deadline deadline
    ) = 0;
};

}  // namespace tecnochat::sealing
