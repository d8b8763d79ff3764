#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "tecnochat/sealing/sealer.hpp"

namespace tecnochat::sealing::testing {

/// A vault for tests, in memory, that really encrypts (AES-256-GCM under a key per person) and can
/// be slow, away, without single keys, or told to erase or merge people. Thread-safe.
class FaultySealer final : public Sealer {
 public:
    explicit FaultySealer(const Clock& clock) : clock_(clock) {}

    Result<Keys> fetch(std::span<const Person> people, Deadline deadline) override;
    Result<std::vector<ContactId>> new_people(
        const TenantId& tenant, int count, Keys& into, Deadline deadline
    ) override;
    Result<std::shared_ptr<const Keyring>> fetch_daily(std::chrono::sys_days day, Deadline deadline)
        override;

    /// Calls, also those that wait already, block until let_go(); one whose deadline passes
    /// meanwhile ends with kDeadlineExceeded.
    void hold();
    void let_go();
    /// Every call takes this long, at most until its deadline.
    void slow_down(Milliseconds delay);
    /// Calls fail with kUnavailable, until come_back().
    void go_away();
    void come_back();
    /// The next `calls` calls fail with kUnavailable.
    void fail_next(int calls);
    /// This person is kNotYet, until hand_over(). A fetch of nobody else fails with kUnavailable.
    void withhold(const Person& person);
    void hand_over(const Person& person);
    /// Destroys the person's keys for good.
    void erase(const Person& person);
    /// Destroys the key of a day for good.
    void erase_day(std::chrono::sys_days day);
    /// Gives `into` the keys of `from` as well; both must be of one tenant and not erased.
    void merge(const Person& from, const Person& into);

    /// How many calls there were, and how many of them wait in hold() or slow_down().
    [[nodiscard]] int calls() const;
    [[nodiscard]] int waiting() const;

    struct Key;  // one key; public for the keyring in the .cpp

 private:
    using Ring = std::vector<std::shared_ptr<const Key>>;  // oldest first

    Status enter(std::unique_lock<std::mutex>& lock, Deadline deadline);
    static std::shared_ptr<const Key> new_key();
    Ring& ring_of(const Person& person);

    const Clock& clock_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    // All under mutex_.
    std::map<Person, Ring> rings_;
    std::set<Person> erased_;
    std::map<std::chrono::sys_days, Ring> days_;
    std::set<std::chrono::sys_days> erased_days_;
    std::set<Person> withheld_;
    Milliseconds delay_{0};
    bool held_ = false;
    bool away_ = false;
    int failures_left_ = 0;
    int calls_ = 0;
    int waiting_ = 0;
};

}  // namespace tecnochat::sealing::testing
