#include <utility>

#include "intake.hpp"
#include "settlement.hpp"
#include "tecnochat/pipeline/detail/core.hpp"

namespace tecnochat::pipeline::detail {
namespace {

/// One attempt, from the verdicts to the commit; the statements' own limit is the pool's.
constexpr Milliseconds kAttemptTime = std::chrono::seconds(30);
/// Two transactions in each other's way: the next attempt nearly always passes.
constexpr int kAbortedRetries = 3;

class TransactionalHandler {
 public:
    TransactionalHandler(
        postgres::Pool& pool,
        Outside outside,
        const TransactionalTopic& topic,
        std::unique_ptr<Work> work
    )
        : pool_(pool),
          topic_(topic),
          work_(std::move(work)),
          intake_(*work_),
          settlement_(std::move(outside), topic.name()) {}

    Status handle(std::span<const kafka::Record> records) {
        const auto fresh = settlement_.fresh(records);
        if (!fresh.empty()) {
            intake_.decode(fresh);
            TECNOCHAT_TRY(auto outcome, make_durable());
            settlement_.add(fresh, std::move(outcome));
        }
        return settlement_.finish(records);
    }

 private:
    Result<Outcome> make_durable() {
        for (int retries = 0;; ++retries) {
            auto outcome = attempt();
            if (outcome || outcome.error().code != ErrorCode::kAborted) return outcome;
            if (retries == kAbortedRetries) return outcome;
        }
    }

    /// Nothing of a failed attempt is left: neither rows nor effects nor refusals.
    Result<Outcome> attempt() {
        const auto deadline = Deadline::after(kAttemptTime);
        TECNOCHAT_CHECK(intake_.resolve(deadline));
        TECNOCHAT_CHECK(prepare(deadline));
        if (intake_.size() == 0) return intake_.outcome();
        // The whole batch first, for that is nearly always all.
        auto whole =
            in_transaction(deadline, [&](postgres::Transaction& transaction, Outcome& out) {
                auto effects = work_->run(transaction, 0, intake_.size());
                if (!effects) return Status(std::move(effects).error());
                out.effects.merge(std::move(effects).value());
                return ok();
            });
        if (whole || !is_items_fault(whole.error())) return whole;
        return in_transaction(deadline, [&](postgres::Transaction& transaction, Outcome& out) {
            return bisect(transaction, 0, intake_.size(), out);
        });
    }

    Status prepare(Deadline deadline) {
        if (intake_.size() == 0) return ok();
        Status whole = work_->prepare(0, intake_.size(), deadline);
        if (whole || !is_items_fault(whole.error())) return whole;
        std::vector<std::pair<std::size_t, Error>> faulty;
        TECNOCHAT_CHECK(find_faulty(0, intake_.size(), deadline, faulty));
        intake_.refuse(faulty);
        return intake_.size() == 0 ? ok() : work_->prepare(0, intake_.size(), deadline);
    }

    Status find_faulty(
        std::size_t first,
        std::size_t count,
        Deadline deadline,
        std::vector<std::pair<std::size_t, Error>>& faulty
    ) {
        Status status = work_->prepare(first, count, deadline);
        if (status || !is_items_fault(status.error())) return status;
        if (count == 1) {
            faulty.emplace_back(first, std::move(status).error());
            return ok();
        }
        const auto half = count / 2;
        TECNOCHAT_CHECK(find_faulty(first, half, deadline, faulty));
        return find_faulty(first + half, count - half, deadline, faulty);
    }

    template <class Do>
    Result<Outcome> in_transaction(Deadline deadline, Do&& work) {
        const auto tenants = intake_.tenants();
        TECNOCHAT_TRY(auto transaction, postgres::Transaction::begin(pool_, tenants, deadline));
        auto outcome = intake_.outcome();
        TECNOCHAT_CHECK(work(transaction, outcome));
        TECNOCHAT_CHECK(transaction.commit({&topic_.commit().before, &topic_.commit().after}));
        return outcome;
    }

    Status bisect(
        postgres::Transaction& transaction, std::size_t first, std::size_t count, Outcome& outcome
    ) {
        Status status = in_savepoint(transaction, outcome.effects, [&] {
            return work_->run(transaction, first, count);
        });
        if (status || !is_items_fault(status.error())) return status;
        if (count == 1) {
            Status refused = in_savepoint(transaction, outcome.effects, [&] {
                return work_->refuse(transaction, first, status.error());
            });
            if (!refused && !is_items_fault(refused.error())) return refused;
            outcome.refusals.push_back(intake_.failed(first, status.error()));
            return ok();
        }
        const auto half = count / 2;
        TECNOCHAT_CHECK(bisect(transaction, first, half, outcome));
        return bisect(transaction, first + half, count - half, outcome);
    }

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

    postgres::Pool& pool_;
    const TransactionalTopic& topic_;
    std::unique_ptr<Work> work_;
    Intake intake_;
    Settlement settlement_;
};

}  // namespace

kafka::Consumer::Handler make_transactional(
    postgres::Pool& pool,
    Outside outside,
    const TransactionalTopic& topic,
    std::unique_ptr<Work> work
) {
    // Shared by the copies of the handler: a std::function is copied.
    auto handler =
        std::make_shared<TransactionalHandler>(pool, std::move(outside), topic, std::move(work));
    return [handler](std::span<const kafka::Record> records) { return handler->handle(records); };
}

}  // namespace tecnochat::pipeline::detail
