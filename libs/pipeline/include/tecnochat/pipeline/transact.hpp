#pragma once

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "tecnochat/pipeline/effects.hpp"
#include "tecnochat/postgres/transaction.hpp"

namespace tecnochat::pipeline {

/// Where items are transacted, and by when.
struct Within {
    postgres::Pool& pool;
    std::span<const TenantId> tenants;
    Deadline deadline;
    StepFailpoints* commit = nullptr;
};

/// What became of items whose transaction is committed.
struct Transacted {
    Effects effects;
    /// Items that were left out, by position, each with its own fault; ascending.
    std::vector<std::pair<std::size_t, Error>> refused;
};

namespace detail {

/// Work over items by position.
class Units {
 public:
    virtual ~Units() = default;
    virtual Result<Effects> run(
        postgres::Transaction& transaction, std::size_t first, std::size_t count
    ) = 0;
    virtual Result<Effects> refuse(
        postgres::Transaction& transaction, std::size_t item, const Error& error
    ) = 0;
};

Result<Transacted> transact(const Within& within, Units& units, std::size_t count);

}  // namespace detail

/// The transaction of a batch alone, for items that are no records: all of them at once; where an
/// item's fault (is_items_fault) undoes that, again with savepoints, halving until the item is
/// alone. `run(Transaction&, std::span<const T>)` gives Result<Effects> and may be called for any
/// part of the items, also for none. Any other failure undoes everything and is returned. The
/// caller publishes the effects' events and runs their acts.
template <class T, class Run>
Result<Transacted> transact(const Within& within, std::span<const T> items, Run&& run) {
    class Typed final : public detail::Units {
     public:
        Typed(std::span<const T> all, Run& work) : items_(all), run_(work) {}
        Result<Effects> run(
            postgres::Transaction& transaction, std::size_t first, std::size_t count
        ) override {
            return run_(transaction, items_.subspan(first, count));
        }
        Result<Effects> refuse(postgres::Transaction&, std::size_t, const Error&) override {
            return Effects();
        }

     private:
        std::span<const T> items_;
        Run& run_;
    };
    Typed units(items, run);
    return detail::transact(within, units, items.size());
}

}  // namespace tecnochat::pipeline
