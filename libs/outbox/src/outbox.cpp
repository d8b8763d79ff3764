#include "tecnochat/outbox/outbox.hpp"

#include <algorithm>

#include "publisher.hpp"
#include "sweeper.hpp"

namespace tecnochat::outbox {

void Appended::merge(Appended other) {
    if (parts_.empty()) {
        parts_ = std::move(other.parts_);
        return;
    }
    std::move(other.parts_.begin(), other.parts_.end(), std::back_inserter(parts_));
}

struct Outbox::Impl {
    Impl(const Shared& s, Tenants tenants, telemetry::Metrics& metrics)
        : shared(s),
          sweeper(s, std::move(tenants), metrics),
          publisher(s, [this] { sweeper.notice(false); }) {}

    Shared shared;
    Sweeper sweeper;
    Publisher publisher;  // last: tells the sweeper
};

Outbox::Outbox(
    postgres::Pool& pool,
    kafka::Producer& producer,
    Tenants tenants,
    Config config,
    telemetry::Metrics& metrics
) {
    const Shared shared{
        pool,
        producer,
        config,
        std::make_shared<Ledger>(config.most_rows, config.most_bytes),
        published_counter(metrics)
    };
    impl_ = std::make_unique<Impl>(shared, std::move(tenants), metrics);
}

Outbox::~Outbox() {
    stop(Deadline::after(Milliseconds(0)));
}

Result<Appended> Outbox::append(postgres::Transaction& transaction, std::vector<Entry> entries) {
    Appended appended;
    if (entries.empty()) return appended;
    impl_->sweeper.note(entries);
    const auto acknowledged = impl_->shared.ledger->acknowledged(entries);
    auto inserted = insert(transaction, entries, acknowledged);
    appended.parts_.push_back({std::move(inserted), std::move(entries)});
    return appended;
}

void Outbox::publish(Appended appended) {
    std::vector<StoredRow> direct;
    bool deferred = false;
    for (auto& [pending, entries] : appended.parts_) {
        const auto& inserted = pending.rows();
        TECNOCHAT_ASSERT(
            static_cast<std::size_t>(inserted.size()) == entries.size(),
            "an outbox row for every entry"
        );
        direct.reserve(direct.size() + entries.size());
        auto entry = entries.begin();
        for (const auto row : inserted) {
            const auto id = row.number("id");
            if (row.flag("direct")) {
                direct.push_back({id, std::move(*entry)});
            } else {
                deferred = true;
            }
            ++entry;
        }
    }
    if (!std::ranges::is_sorted(direct, {}, &StoredRow::id)) {
        std::ranges::sort(direct, {}, &StoredRow::id);
    }
    if (!direct.empty()) impl_->publisher.take(std::move(direct));
    if (deferred) impl_->sweeper.notice(true);
}

void Outbox::start() {
    impl_->sweeper.start();
}

void Outbox::stop(Deadline deadline) {
    impl_->sweeper.request_stop();
    impl_->publisher.stop(deadline);
    impl_->sweeper.stop();
}

}  // namespace tecnochat::outbox
