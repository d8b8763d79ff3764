#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tecnochat/core/clock.hpp"
#include "tecnochat/core/result.hpp"

namespace tecnochat::http_client {

/// IP addresses as text, an IPv6 one in brackets; in the order in which they are to be tried.
using Addresses = std::vector<std::string>;

/// Finds the addresses of a host. Thread-safe.
class Resolver {
 public:
    virtual ~Resolver() = default;
    /// Returns by the deadline. kDeadlineExceeded, or kUnavailable when there is no answer.
    virtual Result<Addresses> resolve(const std::string& host, Deadline deadline) = 0;
};

/// getaddrinfo, which cannot be told to end, on threads of its own: a caller leaves at its deadline
/// whatever the lookup does, and a lookup that takes long is overtaken by a new one. The number of
/// threads is bounded. Answers are kept for a short time; while an old one is looked up again it
/// still serves. Lookups that nobody waits for any more end by themselves, also after the resolver
/// has gone.
class CachingResolver final : public Resolver {
 public:
    using Lookup = std::function<Result<Addresses>(const std::string& host)>;
    struct Limits {
        Milliseconds fresh{30'000};    // an answer younger than this is used as it is
        Milliseconds usable{600'000};  // an older one while it is looked up again
        Milliseconds patience{500};    // then the next lookup of the same host starts
        std::size_t lookups_per_host = 4;
        std::size_t lookups = 16;  // of all hosts
    };

    CachingResolver();
    CachingResolver(Limits limits, Lookup lookup);
    Result<Addresses> resolve(const std::string& host, Deadline deadline) override;

 private:
    struct State;
    std::shared_ptr<State> state_;  // with the threads
};

}  // namespace tecnochat::http_client
