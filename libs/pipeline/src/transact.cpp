#include "tecnochat/pipeline/transact.hpp"

namespace tecnochat::pipeline::detail {
namespace {

/// Effects count only once the savepoint is released: what was queued may still fail there.
template <class Do>
Status in_savepoint(postgres::Transaction& transaction, Effects& effects, Do&& work) {
    Effects done;
    TECNOCHAT_CHECK(transaction.with_savepoint([&]() -> Status {
        TECNOCHAT_TRY(done, work());
        return ok();
    }));
    effects.merge(std::move(done));
    return ok();
}

Status bisect(
    postgres::Transaction& transaction,
    Units& units,
    std::size_t first,
    std::size_t count,
    Transacted& out
) {
    Status status = in_savepoint(transaction, out.effects, [&] {
        return units.run(transaction, first, count);
    });
    if (status || !is_items_fault(status.error())) return status;
    if (count == 1) {
        Status refused = in_savepoint(transaction, out.effects, [&] {
            return units.refuse(transaction, first, status.error());
        });
        if (!refused && !is_items_fault(refused.error())) return refused;
        out.refused.emplace_back(first, std::move(status).error());
        return ok();
    }
    const auto half = count / 2;
    TECNOCHAT_CHECK(bisect(transaction, units, first, half, out));
    return bisect(transaction, units, first + half, count - half, out);
}

template <class Do>
Result<Transacted> in_transaction(const Within& within, Do&& work) {
    TECNOCHAT_TRY(
        auto transaction, postgres::Transaction::begin(within.pool, within.tenants, within.deadline)
    );
    Transacted out;
    TECNOCHAT_CHECK(work(transaction, out));
    TECNOCHAT_CHECK(transaction.commit(within.commit));
    return out;
}

}  // namespace

Result<Transacted> transact(const Within& within, Units& units, std::size_t count) {
    // All at once first, for that is nearly always all.
    auto whole = in_transaction(within, [&](postgres::Transaction& transaction, Transacted& out) {
        return [&]() -> Status {
            TECNOCHAT_TRY(out.effects, units.run(transaction, 0, count));
            return ok();
        }();
    });
    if (whole || count == 0 || !is_items_fault(whole.error())) return whole;
    return in_transaction(within, [&](postgres::Transaction& transaction, Transacted& out) {
        return bisect(transaction, units, 0, count, out);
    });
}

}  // namespace tecnochat::pipeline::detail
