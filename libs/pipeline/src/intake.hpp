#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tecnochat/pipeline/detail/values.hpp"
#include "tecnochat/pipeline/effects.hpp"

namespace tecnochat::pipeline::detail {

/// A record that is to become a dead letter.
struct Refusal {
    std::size_t record = 0;  // its position in the batch
    TenantId tenant;         // nil: none known
    std::string reason;      // of the letter
    Error error;
};

/// What became of a batch whose transaction is committed, or whose answers are acknowledged.
struct Outcome {
    Effects effects;
    std::vector<Refusal> refusals;
};

/// The first half of a batch: records to values, values to items. Positions of items and records
/// are those of the Values and of the span given to decode().
class Intake {
 public:
    explicit Intake(Values& values) : values_(values) {}

    /// Begins a batch. What cannot be decoded is refused as "unparsable".
    void decode(std::span<const kafka::Record* const> records);
    /// Asks for the verdicts, anew at every call, and makes the items.
    Status resolve(Deadline deadline);
    /// Refuses items without running them: the others stay, at new positions.
    void refuse(std::span<const std::pair<std::size_t, Error>> items);

    [[nodiscard]] std::size_t size() const { return taken_.size(); }
    /// The refusal of an item that failed.
    [[nodiscard]] Refusal failed(std::size_t item, const Error& error) const;
    /// Of the items, each once.
    [[nodiscard]] std::vector<TenantId> tenants() const;
    /// What was decided so far.
    [[nodiscard]] Outcome outcome() const;

 private:
    Status resolve(std::size_t first, std::size_t count, Deadline deadline);
    void note(std::size_t value, const Verdict& verdict);

    Values& values_;
    std::vector<std::size_t> records_;  // of each value
    std::vector<Refusal> unparsable_;
    std::vector<Refusal> refused_;  // by the verdicts
    std::map<std::string_view, std::int64_t> dropped_;
    std::vector<Taken> taken_;  // the items
};

}  // namespace tecnochat::pipeline::detail
