#include "publisher.hpp"

namespace tecnochat::outbox {

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
    while (auto acknowledged = shared_.ledger->wait_for_acknowledged()) {
        if (acknowledged->empty()) continue;
        if (auto* failpoints = shared_.config.produce) failpoints->after.hit();
        if (!shared_.erase(*std::move(acknowledged)) && shared_.ledger->stopping()) return;
        deleted_();
    }
}

}  // namespace tecnochat::outbox
