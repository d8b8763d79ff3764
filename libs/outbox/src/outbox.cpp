#include "tecnochat/outbox/outbox.hpp"

#include <algorithm>
#include <set>

#include "sweeper.hpp"

namespace tecnochat::outbox {
namespace {

std::vector<TenantId> tenants_of(std::span<const StoredRow> rows) {
    std::set<TenantId> tenants;
    for (const auto& row : rows) tenants.insert(row.entry.tenant);
    return {tenants.begin(), tenants.end()};
}

}  // namespace

void Appended::merge(Appended other) {
    std::move(other.rows_.begin(), other.rows_.end(), std::back_inserter(rows_));
}

struct Outbox::Impl {
    Impl(const Shared& s, Tenants tenants, telemetry::Metrics& metrics)
        : shared(s), sweeper(s, std::move(tenants), metrics) {}

    Shared shared;
    Sweeper sweeper;
};

Outbox::Outbox(
    postgres::Pool& pool,
    kafka::Producer& producer,
    Tenants tenants,
    Config config,
    telemetry::Metrics& metrics
) {
    Shared shared{pool, producer, config, std::make_shared<Ledger>(), published_counter(metrics)};
    impl_ = std::make_unique<Impl>(shared, std::move(tenants), metrics);
}

Outbox::~Outbox() {
    stop(Deadline::after(Milliseconds(0)));
}

Result<Appended> Outbox::append(
    postgres::Transaction& transaction, std::span<const Entry> entries
) {
    Appended appended;
    if (entries.empty()) return appended;
    TECNOCHAT_TRY(const auto inserted, insert(transaction, entries));
    appended.rows_.reserve(entries.size());
    for (std::size_t i = 0; i < entries.size(); ++i) {
        appended.rows_.push_back({inserted[i].id, inserted[i].direct, entries[i]});
    }
    return appended;
}

void Outbox::publish(Appended appended) {
    std::vector<StoredRow> direct;
    bool deferred = false;
    for (auto& row : appended.rows_) {
        deferred = deferred || !row.direct;
        if (row.direct) direct.push_back({row.id, std::move(row.entry)});
    }
    std::ranges::sort(direct, {}, &StoredRow::id);
    // While Kafka is away the rows stay where they are safe; the sweeper finds them by their age.
    if (!direct.empty() && impl_->shared.producer.connected()) {
        const auto tenants = tenants_of(direct);
        impl_->shared.deliver_and_erase(direct, tenants);
    }
    impl_->sweeper.notice(deferred);
}

void Outbox::start() {
    impl_->sweeper.start();
}

void Outbox::stop(Deadline deadline) {
    impl_->sweeper.stop(deadline);
}

}  // namespace tecnochat::outbox
