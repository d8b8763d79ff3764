#pragma once

#include <functional>

#include "tecnochat/sealing/sealer.hpp"

namespace tecnochat::sealing::testing {

/// An implementation of Sealer, and the handles the suite needs to bring about each state. A handle
/// that is not set leaves out the promises about it. Each returns once it is in force.
struct Subject {
    Sealer& sealer;
    /// False only for PlainSealer: values are neither hidden nor bound to their person.
    bool seals = true;
    std::function<void(const Person&)> erase = {};
    /// Where the keys come from is away, or back; nothing that the suite has not fetched is cached.
    std::function<void()> go_away = {};
    std::function<void()> come_back = {};
    /// The key of this one person cannot be had, or can be again.
    std::function<void(const Person&)> withhold = {};
    std::function<void(const Person&)> hand_over = {};
    /// Calls get no answer, or do again.
    std::function<void()> hold = {};
    std::function<void()> let_go = {};
    std::function<void(const Person& from, const Person& into)> merge = {};
};

/// The promises of the port, as sections of the calling TEST_CASE, which makes a new subject each
/// time it runs:
///
///     TEST_CASE("the vault's client keeps the promises of a sealer") {
///         VaultFixture vault;
///         sealing::testing::check_conformance({.sealer = vault.sealer(), …});
///     }
void check_conformance(const Subject& subject);

}  // namespace tecnochat::sealing::testing
