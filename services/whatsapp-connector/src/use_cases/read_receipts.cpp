#include "use_cases/read_receipts.hpp"

namespace tecnochat::whatsapp_connector {
namespace {

constexpr int kWorkers = 4;
constexpr std::size_t kMaxWaiting = 2000;

}  // namespace

ReadReceipts::ReadReceipts(GraphApi& graph, const Clock& clock, telemetry::Metrics& metrics)
    : graph_(graph),
      clock_(clock),
      done_(metrics.counter(
          "tecnochat_read_receipts_total", "Read receipts by result", {{"result", "done"}}
      )),
      failed_(metrics.counter(
          "tecnochat_read_receipts_total", "Read receipts by result", {{"result", "failed"}}
      )),
      dropped_(metrics.counter(
          "tecnochat_read_receipts_total", "Read receipts by result", {{"result", "dropped"}}
      )) {}

ReadReceipts::~ReadReceipts() {
    stop(Deadline::after(Milliseconds(0)));
}

void ReadReceipts::start() {
    for (int i = 0; i < kWorkers; ++i)
        workers_.emplace_back([this](const std::stop_token& stop) { run(stop); });
}

void ReadReceipts::add(ReadReceipt receipt) {
    {
        std::scoped_lock lock(mutex_);
        if (waiting_.size() >= kMaxWaiting) {
            waiting_.pop_front();
            dropped_.increment();
        }
        waiting_.push_back(std::move(receipt));
    }
    changed_.notify_one();
}

void ReadReceipts::stop(Deadline /*deadline*/) {
    workers_.clear();
}

void ReadReceipts::run(const std::stop_token& stop) {
    while (true) {
        std::unique_lock lock(mutex_);
        if (!changed_.wait(lock, stop, [this] { return !waiting_.empty(); })) return;
        const ReadReceipt receipt = std::move(waiting_.front());
        waiting_.pop_front();
        lock.unlock();
        if (receipt.expires_at <= clock_.now()) {
            dropped_.increment();
        } else if (graph_.mark_read(receipt.phone_number_id, receipt.message_id, receipt.typing)) {
            done_.increment();
        } else {
            failed_.increment();
        }
    }
}

}  // namespace tecnochat::whatsapp_connector
