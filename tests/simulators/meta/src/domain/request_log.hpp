#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "tecnochat/core/clock.hpp"

namespace tecnochat::meta_simulator {

/// One call of the Graph API as the platform saw it.
struct LoggedRequest {
    std::uint64_t sequence = 0;
    Timestamp at;
    std::string method;
    std::string path;
    std::string phone_number_id;
    /// message, read, typing, other
    std::string kind;
    /// accepted, rejected, refused, accepted_then_cut, 5xx_after_accept, 5xx_before_accept, …
    std::string outcome;
    int http_status = 0;
    int error_code = 0;
    std::string opaque;
    std::string wamid;
    /// First kBodyMax bytes.
    std::string body;
};

struct RequestFilter {
    std::string phone_number_id;
    std::string kind;
    std::string outcome;
    std::string opaque;
    std::string wamid;
    std::uint64_t after_sequence = 0;
    std::size_t limit = 100;
};

/// The last requests and exact counters since the last reset. Not thread-safe; the simulator's lock
/// covers it.
class RequestLog {
 public:
    static constexpr std::size_t kBodyMax = 8192;
    /// Distinct opaque values that are told apart; beyond it duplicates are no longer recognised.
    static constexpr std::size_t kOpaqueMax = 2'000'000;

    explicit RequestLog(std::size_t entries_max) : entries_max_(entries_max) {}

    /// `accepted`: the platform took the message, whatever the client was told.
    void add(LoggedRequest request, bool accepted);
    /// Oldest first.
    [[nodiscard]] std::vector<LoggedRequest> find(const RequestFilter& filter) const;
    void reset();

    struct Counters {
        std::uint64_t total = 0;
        std::uint64_t messages_accepted = 0;
        std::uint64_t distinct_opaque_accepted = 0;
        /// Opaque values accepted more than once, with how often: a customer got something twice.
        std::map<std::string, int> opaque_accepted_twice;
        std::map<std::string, std::uint64_t> by_kind;
        std::map<std::string, std::uint64_t> by_outcome;
        std::map<int, std::uint64_t> by_error_code;
    };
    [[nodiscard]] Counters counters() const;
    [[nodiscard]] std::uint64_t total() const { return counters_.total; }
    [[nodiscard]] std::uint64_t messages_accepted() const { return counters_.messages_accepted; }

 private:
    std::size_t entries_max_;
    std::deque<LoggedRequest> entries_;
    std::uint64_t last_sequence_ = 0;
    Counters counters_;
    std::unordered_map<std::string, int> accepted_by_opaque_;
};

}  // namespace tecnochat::meta_simulator
