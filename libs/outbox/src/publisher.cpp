#include "publisher.hpp"

#include "tecnochat/core/arrival_rate.hpp"

namespace tecnochat::outbox {
namespace {

/// Under load a delete waits this long for more acknowledgements; nobody waits for it.
constexpr Milliseconds kGather{20};

}  // namespace

Publisher::Publisher(const Shared& shared, std::function<void()> deleted)
    : shared_(shared), deleted_(std::move(deleted)), thread_([this] { run(); }) {}

Publisher::~Publisher() {
    stop(Deadline::after(Milliseconds(0)));
}

void Publisher::take(std::vector<StoredRow> rows) {
    if (!shared_.producer.connected()) return;
    if (auto* failpoints = shared_.config.produce) failpoints->before.hit();
    shared_.ledger->send(shared_.producer, std::move(rows));
}

void Publisher::stop(Deadline deadline) {
    shared_.ledger->stop(deadline);
    if (thread_.joinable()) thread_.join();
}

void Publisher::run() {
    ArrivalRate rate;
    while (auto acknowledged = shared_.ledger->wait_for_acknowledged()) {
        if (acknowledged->empty()) continue;
        if (!shared_.ledger->stopping() && rate.brings_more(kGather)) {
            std::this_thread::sleep_for(kGather);
            const auto more = shared_.ledger->take_acknowledged();
            acknowledged->insert(acknowledged->end(), more.begin(), more.end());
        }
        rate.note(acknowledged->size(), std::chrono::steady_clock::now());
        if (auto* failpoints = shared_.config.produce) failpoints->after.hit();
        if (!shared_.erase(*std::move(acknowledged)) && shared_.ledger->stopping()) return;
        deleted_();
    }
}

}  // namespace tecnochat::outbox
