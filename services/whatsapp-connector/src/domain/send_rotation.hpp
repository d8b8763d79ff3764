#pragma once

#include <chrono>
#include <compare>
#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tecnochat/core/uuid.hpp"

namespace tecnochat::whatsapp_connector {

/// A number of a tenant's, as its sends name it.
struct SendNumber {
    TenantId tenant;
    std::string phone_number_id;
    auto operator<=>(const SendNumber&) const = default;
};

/// The numbers that have sends to claim, in the order of their turns. Each takes its turn and goes
/// to the end, so that the backlog of one delays no other. A number that must wait is not in it. In
/// memory only: the database says which numbers have sends, this says whose turn it is. For one
/// thread.
class SendRotation {
 public:
    using Time = std::chrono::steady_clock::time_point;

    /// May have something to claim now; no effect while the number is held.
    void add(const SendNumber& number);
    /// May have something from then on: a retry, a pair's limit. No effect while it is held.
    void add_at(const SendNumber& number, Time when);
    /// Must not be claimed for until then, whatever add() says: its rate, or Meta's word.
    void hold(const SendNumber& number, Time until);
    /// Has nothing to claim now.
    void leave(const SendNumber& number);

    /// The next ones whose turn it is, at most `most`; they go to the end.
    std::vector<SendNumber> take(Time now, std::size_t most);
    /// Whether anybody's turn can come at once.
    [[nodiscard]] bool any_ready() const { return !ready_.empty(); }
    /// When the next number's time comes; nullopt: none waits for a time.
    [[nodiscard]] std::optional<Time> next_time() const;

 private:
    struct Entry {
        bool ready = false;
        bool held = false;
        std::optional<Time> when{};
    };
    void make_ready(const SendNumber& number, Entry& entry);
    void set_time(const SendNumber& number, Entry& entry, std::optional<Time> when);

    std::map<SendNumber, Entry> entries_;
    std::deque<SendNumber> ready_;
    std::set<std::pair<Time, SendNumber>> times_;
};

}  // namespace tecnochat::whatsapp_connector
