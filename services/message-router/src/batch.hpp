#pragma once

#include <functional>
#include <span>
#include <vector>

#include "effects.hpp"
#include "tecnochat/postgres/transaction.hpp"

namespace tecnochat::message_router {

/// Time for one transaction of a batch; the statements' own limit is the pool's.
inline constexpr Milliseconds kTransactionBudget = std::chrono::seconds(30);

/// One batch in one transaction. `unit` does the work for a run of items and returns what shows
/// outside; `poison` settles an item that cannot be processed.
template <class Item>
struct Batch {
    using Unit = std::function<Result<Effects>(postgres::Transaction&, std::span<const Item>)>;
    using Poison =
        std::function<Result<Effects>(postgres::Transaction&, const Item&, const Error&)>;

    postgres::Pool& pool;
    std::vector<TenantId> tenants;
    postgres::CommitFailpoints failpoints;
    Unit unit;
    Poison poison;

    /// Tries the whole batch first, for that is nearly always all. If an item's data makes it fail,
    /// begins again with savepoints and halves until the item is alone. Retryable failures undo
    /// everything and are returned: the consumer brings the batch again.
    Result<Effects> run(std::span<const Item> items) const {
        auto whole = in_transaction([&](postgres::Transaction& transaction) {
            return unit(transaction, items);
        });
        if (whole || !is_items_fault(whole.error())) return whole;
        return in_transaction([&](postgres::Transaction& transaction) -> Result<Effects> {
            Effects effects;
            TECNOCHAT_CHECK(bisect(transaction, items, effects));
            return effects;
        });
    }

 private:
    template <class Work>
    Result<Effects> in_transaction(Work&& work) const {
        const auto deadline = Deadline::after(kTransactionBudget);
        TECNOCHAT_TRY(auto transaction, postgres::Transaction::begin(pool, tenants, deadline));
        TECNOCHAT_TRY(auto effects, work(transaction));
        TECNOCHAT_CHECK(transaction.commit(failpoints));
        return effects;
    }

    Status bisect(postgres::Transaction& transaction, std::span<const Item> items, Effects& effects)
        const {
        Status status = transaction.with_savepoint([&]() -> Status {
            TECNOCHAT_TRY(auto done, unit(transaction, items));
            effects.merge(std::move(done));
            return ok();
        });
        if (status) return ok();
        if (!is_items_fault(status.error())) return status;
        if (items.size() == 1) {
            TECNOCHAT_TRY(auto settled, poison(transaction, items.front(), status.error()));
            effects.merge(std::move(settled));
            return ok();
        }
        const auto half = items.size() / 2;
        TECNOCHAT_CHECK(bisect(transaction, items.first(half), effects));
        return bisect(transaction, items.subspan(half), effects);
    }
};

}  // namespace tecnochat::message_router
