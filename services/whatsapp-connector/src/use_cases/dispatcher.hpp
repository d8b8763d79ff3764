#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "ports.hpp"
#include "store/send_store.hpp"
#include "tecnochat/channels/directory.hpp"
#include "tecnochat/core/arrival_rate.hpp"
#include "tecnochat/outbox/outbox.hpp"
#include "tecnochat/postgres/pool.hpp"
#include "tecnochat/sealing/sealer.hpp"
#include "tecnochat/telemetry/metrics.hpp"
#include "tecnochat/whatsapp/opaque.hpp"
#include "use_cases/recorder.hpp"
#include "use_cases/wake_sends.hpp"

namespace tecnochat::whatsapp_connector {

/// Drives sends from `queued` to the wire: one thread claims as many as there are free workers, of
/// the numbers whose turn it is, asks the rate limiter, commits `wire`, and hands each to a worker,
/// whose next act is the POST.
/// Claims only what can be posted at once, so that a crash leaves few sends in doubt.
class Dispatcher {
 public:
    struct Config {
        std::string instance;
        int workers = 16;
    };

    /// Where sends are kept, and how their content opens.
    struct Storage {
        postgres::Pool& pool;
        channels::Directory& channels;
        SendStore& sends;
        outbox::Outbox& outbox;
        sealing::Sealer& sealer;
    };
    /// How sends leave, and who takes the answers.
    struct Wire {
        RateLimiter& limiter;
        GraphApi& graph;
        const whatsapp::OpaqueCodec& opaque;
        Recorder& recorder;
    };

    Dispatcher(
        Config config,
        const Storage& storage,
        const Wire& wire,
        const Clock& clock,
        telemetry::Metrics& metrics
    );
    ~Dispatcher();

    void start();
    /// These may have something to send: new sends, or a conversation that may go on. What nobody
    /// tells of (another replica stored it, a restart) is found within a second. Cheap, from any
    /// thread.
    void wake(const std::vector<ReadyNumber>& numbers);
    /// Claims nothing more and waits for the posts under way.
    void stop(Deadline deadline);

 private:
    void dispatch_loop(const std::stop_token& stop);
    void work_loop(const std::stop_token& stop);
    /// Returns whether there may be more at once.
    Result<bool> dispatch_once();
    Status claim(const std::vector<SendStore::Share>& shares);
    /// Whose turn it is, and how many of each.
    Result<std::vector<SendStore::Share>> next_shares(int limit);
    /// Puts what answers of Meta asked for into effect.
    Status take_holds();
    /// Holds and takes out the numbers whose WABA must wait, or all.
    Status keep_held(std::vector<SendNumber>& numbers);
    /// Numbers that gave less than they might have wait for a wake.
    void note_claimed(const std::vector<SendStore::Share>& shares);
    Status discover();
    void take_wakes();
    [[nodiscard]] std::chrono::steady_clock::time_point next_look() const;
    void open_claimed();
    Status hold_back_limited();
    /// Asks the limiter for each; the held ones and their pauses.
    std::vector<SendStore::Release> held_back(std::vector<ClaimedSend>& held);
    Status enter_wire();
    /// 0 while too few are free for a claim.
    [[nodiscard]] int free_workers();
    [[nodiscard]] int wanted_workers() const;
    void post(const ClaimedSend& send);

    Config config_;
    postgres::Pool& pool_;
    channels::Directory& channels_;
    SendStore& sends_;
    outbox::Outbox& outbox_;
    sealing::Sealer& sealer_;
    RateLimiter& limiter_;
    GraphApi& graph_;
    const whatsapp::OpaqueCodec& opaque_;
    Recorder& recorder_;
    const Clock& clock_;
    telemetry::Counter limited_;
    telemetry::Histogram post_seconds_;

    /// Claimed by this process and not on the wire yet; only the dispatching thread touches it.
    std::vector<ClaimedSend> claimed_;
    bool limits_checked_ = false;
    /// The last claim took some sends and left workers free: the next one may gather.
    bool claimed_part_ = false;
    SendRotation rotation_;
    /// How many sends of a number that met its limit passed it the last time.
    std::map<SendNumber, int> passed_;
    std::chrono::steady_clock::time_point next_discovery_{};
    // Holds are in memory only: another replica, or this one after a restart, asks Meta once more.
    std::map<std::string, std::chrono::steady_clock::time_point> held_wabas_;
    std::chrono::steady_clock::time_point all_held_until_{};
    ArrivalRate rate_;  // of sends

    std::mutex mutex_;
    // One for each kind of waiting: a wake-up of every worker for every event would cost more than
    // the sending.
    std::condition_variable_any woken_changed_;
    std::condition_variable_any on_wire_changed_;
    std::condition_variable_any idle_;
    bool woken_ = true;
    std::vector<ReadyNumber> wakes_;
    struct AskedHold {
        SendNumber number;
        ErrorScope scope = ErrorScope::kNumber;
        std::chrono::steady_clock::time_point until;
    };
    std::vector<AskedHold> asked_holds_;
    bool short_of_workers_ = false;  // whoever becomes free must wake the dispatcher
    int busy_ = 0;
    std::deque<ClaimedSend> on_wire_;
    std::vector<std::jthread> workers_;
    std::jthread thread_;
};

}  // namespace tecnochat::whatsapp_connector
