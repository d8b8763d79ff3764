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
        return settlement_.handle(records, [this](auto fresh) {
            intake_.decode(fresh);
            return make_durable();
        });
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
        const auto tenants = intake_.tenants();
        TECNOCHAT_TRY(
            auto done,
            transact({pool_, tenants, deadline, &topic_.commit()}, *work_, intake_.size())
        );
        auto outcome = intake_.outcome();
        outcome.effects.merge(std::move(done.effects));
        for (const auto& [item, error] : done.refused)
            outcome.refusals.push_back(intake_.failed(item, error));
        return outcome;
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
    return make_handler<TransactionalHandler>(pool, std::move(outside), topic, std::move(work));
}

}  // namespace tecnochat::pipeline::detail
