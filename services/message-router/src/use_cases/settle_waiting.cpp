#include "use_cases/settle_waiting.hpp"

#include <algorithm>

#include "events/waiting.hpp"
#include "tecnochat/channels/store.hpp"
#include "tecnochat/telemetry/log.hpp"
#include "use_cases/receive_inbound.hpp"

namespace tecnochat::message_router {
namespace {

/// Letters of one transaction.
constexpr int kExpiredAtOnce = 200;
/// Letters have no tenant: the outbox keeps them under the nil one.
const TenantId kNoTenant;

std::vector<std::int64_t> ids_of(std::span<const store::WaitingMessage> messages) {
    std::vector<std::int64_t> ids;
    ids.reserve(messages.size());
    for (const auto& message : messages) ids.push_back(message.id);
    return ids;
}

/// What fails for one number holds up no other: the pass goes on and tells of it at its end.
void keep_first(Status& failure, Status status) {
    if (failure && !status) failure = std::move(status);
}

}  // namespace

struct SettleWaiting::Candidate {
    const store::WaitingMessage& waiting;
    const ReceiveInbound::Item& item;
    ReceiveInbound::Prepared& prepared;
};

Status SettleWaiting::run(Deadline deadline) {
    TECNOCHAT_TRY(
        auto transaction,
        postgres::Transaction::begin(outside_.pool, channels::kNoTenants, deadline)
    );
    TECNOCHAT_TRY(const auto backlog, store::waiting_messages::backlog(transaction));
    TECNOCHAT_CHECK(transaction.commit());
    std::vector<std::string> numbers;
    std::int64_t all = 0;
    for (const auto& [number, count] : backlog) {
        numbers.push_back(number);
        all += count;
    }
    outside_.metrics
        .gauge(
            "tecnochat_router_waiting_messages",
            "Messages that wait for the channel event of their number."
        )
        .set(static_cast<double>(all));
    if (numbers.empty()) return ok();
    TECNOCHAT_TRY(const auto known, outside_.directory.find(numbers, deadline));
    Status first_failure = ok();
    for (const auto& [number, channel] : known) keep_first(first_failure, settle(number, deadline));
    keep_first(first_failure, expire(deadline));
    return first_failure;
}

Status SettleWaiting::settle(const std::string& number, Deadline deadline) {
    const std::string numbers[] = {number};
    TECNOCHAT_TRY(const auto known, outside_.directory.find(numbers, deadline));
    if (known.empty() || !known.begin()->second) return ok();
    const auto& channel = *known.begin()->second;
    TECNOCHAT_TRY(auto messages, read(number, deadline));
    if (messages.empty()) return ok();
    if (channel.state == channels::State::kDisconnected)
        return drop(messages, "disconnected", deadline);
    return store(std::move(messages), channel.tenant, deadline);
}

Result<SettleWaiting::Messages> SettleWaiting::read(const std::string& number, Deadline deadline) {
    TECNOCHAT_TRY(
        auto transaction,
        postgres::Transaction::begin(outside_.pool, channels::kNoTenants, deadline)
    );
    TECNOCHAT_TRY(auto messages, store::waiting_messages::of_number(transaction, number));
    TECNOCHAT_CHECK(transaction.commit());
    return messages;
}

/// What does not open any more leaves the table and the list.
Status SettleWaiting::open(Messages& messages, Deadline deadline) {
    DailyKeys daily;
    Messages lost;
    Messages opened;
    for (auto& message : messages) {
        auto& ring = daily[message.sealed_day];
        if (!ring) {
            auto fetched = outside_.sealer.fetch_daily(message.sealed_day, deadline);
            if (!fetched && is_retryable(fetched.error())) return fetched.error();
            if (fetched) ring = std::move(*fetched);
        }
        auto key = ring ? ring->open(message.raw.key) : Result<std::string>(std::string());
        auto value = ring ? ring->open(message.raw.value) : Result<std::string>(std::string());
        if (!ring || !key || !value) {
            lost.push_back(std::move(message));
            continue;
        }
        message.raw.key = std::move(*key);
        message.raw.value = std::move(*value);
        opened.push_back(std::move(message));
    }
    messages = std::move(opened);
    return lost.empty() ? ok() : drop(lost, "unreadable", deadline);
}

/// One by one, oldest first: there are few, and the fault of one is nobody else's.
Status SettleWaiting::store(Messages messages, const TenantId& tenant, Deadline deadline) {
    TECNOCHAT_CHECK(open(messages, deadline));
    for (const auto& waiting : messages) TECNOCHAT_CHECK(store_one(waiting, tenant, deadline));
    return ok();
}

Status SettleWaiting::store_one(
    const store::WaitingMessage& waiting, const TenantId& tenant, Deadline deadline
) {
    auto received = events::waited_message(waiting.raw, tenant);
    if (!received) return give_up({waiting}, "unparsable", deadline);
    const ReceiveInbound::Item item = std::move(*received);
    auto prepared = receive_.prepare_alone({&item, 1}, deadline);
    if (!prepared) {
        if (!is_items_fault(prepared.error())) return prepared.error();
        return give_up({waiting}, "failed", deadline);
    }
    const Candidate candidate{waiting, item, *prepared};
    auto stored = attempt(candidate, deadline);
    if (!stored) {
        if (!is_items_fault(stored.error())) return stored.error();
        return refuse(candidate, stored.error(), deadline);
    }
    std::optional<pipeline::Effects> effects = std::move(*stored);
    if (!effects) return ok();  // another replica has settled it
    outside_.outbox.publish(std::move(effects->events));
    for (const auto& act : effects->acts) act();
    count("stored", 1);
    return ok();
}

/// Its transaction is over when this returns: a fault that the database did not see leaves it open,
/// and it holds the row that refuse() takes.
Result<std::optional<pipeline::Effects>> SettleWaiting::attempt(
    const Candidate& candidate, Deadline deadline
) {
    TECNOCHAT_TRY(
        auto transaction,
        postgres::Transaction::begin(outside_.pool, candidate.item.tenant, deadline)
    );
    const std::int64_t ids[] = {candidate.waiting.id};
    TECNOCHAT_TRY(const auto taken, store::waiting_messages::take(transaction, ids));
    if (taken.empty()) return std::optional<pipeline::Effects>();
    TECNOCHAT_TRY(
        auto effects, receive_.run(transaction, {&candidate.item, 1}, candidate.prepared)
    );
    TECNOCHAT_CHECK(transaction.commit());
    return std::optional(std::move(effects));
}

/// As the pipeline refuses a live one: its conversation is parked where it can be.
Status SettleWaiting::refuse(const Candidate& candidate, const Error& error, Deadline deadline) {
    const TenantId tenants[] = {kNoTenant, candidate.item.tenant};
    TECNOCHAT_TRY(auto transaction, postgres::Transaction::begin(outside_.pool, tenants, deadline));
    const std::int64_t ids[] = {candidate.waiting.id};
    TECNOCHAT_TRY(const auto taken, store::waiting_messages::take(transaction, ids));
    if (taken.empty()) return ok();
    Status parked = transaction.with_savepoint([&]() -> Status {
        TECNOCHAT_CHECK(receive_.refuse(transaction, candidate.item, error, candidate.prepared));
        return ok();
    });
    if (!parked && !is_items_fault(parked.error())) return parked;
    return commit_letters(transaction, {candidate.waiting}, "failed");
}

Status SettleWaiting::drop(const Messages& messages, std::string_view outcome, Deadline deadline) {
    TECNOCHAT_TRY(
        auto transaction,
        postgres::Transaction::begin(outside_.pool, channels::kNoTenants, deadline)
    );
    TECNOCHAT_TRY(const auto taken, store::waiting_messages::take(transaction, ids_of(messages)));
    TECNOCHAT_CHECK(transaction.commit());
    count(outcome, taken.size());
    return ok();
}

Status SettleWaiting::expire(Deadline deadline) {
    TECNOCHAT_TRY(
        auto transaction,
        postgres::Transaction::begin(outside_.pool, channels::kNoTenants, deadline)
    );
    TECNOCHAT_TRY(
        auto messages,
        store::waiting_messages::older_than(
            transaction, outside_.clock.now() - kMostWait, kExpiredAtOnce
        )
    );
    TECNOCHAT_CHECK(transaction.commit());
    if (messages.empty()) return ok();
    TECNOCHAT_CHECK(open(messages, deadline));
    return messages.empty() ? ok() : give_up(messages, "unknown_number", deadline);
}

Status SettleWaiting::give_up(
    const Messages& messages, std::string_view reason, Deadline deadline
) {
    TECNOCHAT_TRY(
        auto transaction, postgres::Transaction::begin(outside_.pool, kNoTenant, deadline)
    );
    TECNOCHAT_TRY(const auto taken, store::waiting_messages::take(transaction, ids_of(messages)));
    Messages mine;
    for (const auto& message : messages) {
        if (std::ranges::binary_search(taken, message.id)) mine.push_back(message);
    }
    return commit_letters(transaction, mine, reason);
}

Status SettleWaiting::commit_letters(
    postgres::Transaction& transaction, const Messages& messages, std::string_view reason
) {
    std::vector<outbox::Entry> letters;
    for (const auto& message : messages) {
        letters.push_back(events::waiting_letter(message.raw, message.phone_number_id, reason));
    }
    TECNOCHAT_TRY(auto appended, outside_.outbox.append(transaction, std::move(letters)));
    TECNOCHAT_CHECK(transaction.commit());
    outside_.outbox.publish(std::move(appended));
    for (const auto& message : messages) {
        telemetry::log_error(
            "a waiting message went to the dead letters",
            {{"topic", message.raw.topic},
             {"partition", message.raw.partition},
             {"offset", message.raw.offset},
             {"reason", std::string(reason)}}
        );
        outside_.metrics
            .counter(
                "tecnochat_dead_letters_total",
                "Records that became dead letters because they cannot be processed",
                {{"topic", message.raw.topic}, {"reason", std::string(reason)}}
            )
            .increment();
    }
    count(reason, messages.size());
    return ok();
}

void SettleWaiting::count(std::string_view outcome, std::size_t messages) {
    outside_.metrics
        .counter(
            "tecnochat_router_waited_total",
            "Messages that no longer wait for the channel event of their number, by outcome.",
            {{"outcome", std::string(outcome)}}
        )
        .increment(static_cast<double>(messages));
}

}  // namespace tecnochat::message_router
