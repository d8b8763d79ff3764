#include "use_cases/dispatcher.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "events/send_updates.hpp"
#include "store/send_content.hpp"
#include "store/send_queues.hpp"
#include "tecnochat/core/arrival_rate.hpp"
#include "tecnochat/telemetry/log.hpp"
#include "use_cases/tenants.hpp"

namespace tecnochat::whatsapp_connector {
namespace {

constexpr Milliseconds kTransactionTimeout{5000};
/// Well below the lease of a claim.
constexpr Milliseconds kKeysTimeout{3000};
/// Between two looks for numbers that nobody told of.
constexpr Milliseconds kDiscover{1000};
/// A number that met its limit collects tokens for this long: a claim for each token would cost
/// more than the sending.
constexpr Milliseconds kNumberHold{100};
constexpr Milliseconds kDatabasePause{300};
/// As long as enter_wire() puts off what does not open yet.
constexpr Milliseconds kContentPause{5000};
/// Under load a claim waits this long for more sends.
constexpr Milliseconds kGather{20};
/// A claim costs nearly the same for one send as for many: it waits until this part of the workers
/// is free.
constexpr int kFreePart = 4;

StepFailpoints claim_commit{"whatsapp-connector.claim.commit"};
StepFailpoints limit_commit{"whatsapp-connector.limit.commit"};
StepFailpoints wire_commit{"whatsapp-connector.wire.commit"};
Failpoint before_post{"whatsapp-connector.post.before"};
// Meta's answer is read and not recorded; response.before stands in the Graph client.
Failpoint after_response{"whatsapp-connector.response.after"};

TenantId tenant_of(const ClaimedSend& send) {
    return send.tenant;
}

}  // namespace

Dispatcher::Dispatcher(
    Config config,
    const Storage& storage,
    const Wire& wire,
    const Clock& clock,
    telemetry::Metrics& metrics
)
    : config_(std::move(config)),
      pool_(storage.pool),
      channels_(storage.channels),
      sends_(storage.sends),
      outbox_(storage.outbox),
      sealer_(storage.sealer),
      limiter_(wire.limiter),
      graph_(wire.graph),
      opaque_(wire.opaque),
      recorder_(wire.recorder),
      clock_(clock),
      limited_(metrics.counter("tecnochat_sends_limited_total", "Sends held back by a rate limit")),
      post_seconds_(
          metrics.histogram("tecnochat_graph_send_seconds", "Duration of one POST to the Graph API")
      ) {}

Dispatcher::~Dispatcher() {
    stop(Deadline::after(Milliseconds(0)));
}

void Dispatcher::start() {
    for (int i = 0; i < config_.workers; ++i)
        workers_.emplace_back([this](const std::stop_token& stop) { work_loop(stop); });
    thread_ = std::jthread([this](const std::stop_token& stop) { dispatch_loop(stop); });
}

void Dispatcher::wake(const std::vector<ReadyNumber>& numbers) {
    {
        std::scoped_lock lock(mutex_);
        wakes_.insert(wakes_.end(), numbers.begin(), numbers.end());
        woken_ = true;
    }
    woken_changed_.notify_one();
}

void Dispatcher::stop(Deadline deadline) {
    if (thread_.joinable()) {
        thread_.request_stop();
        thread_.join();
    }
    std::unique_lock lock(mutex_);
    idle_.wait_until(lock, deadline.time_point(), [this] {
        return on_wire_.empty() && busy_ == 0;
    });
    lock.unlock();
    workers_.clear(
    );  // each finishes the post it is in: the Graph client has a deadline of its own
}

void Dispatcher::dispatch_loop(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        const auto more = dispatch_once();
        std::unique_lock lock(mutex_);
        if (!more) {
            telemetry::log_limited(
                telemetry::Level::kWarning,
                "sends cannot be dispatched yet",
                {{"reason", more.error().message}}
            );
            woken_changed_.wait_for(lock, stop, kDatabasePause, [] { return false; });
            continue;
        }
        const bool waits = !*more;
        if (waits) {
            // Without a free worker no number's time matters: whoever becomes free wakes.
            const auto look = short_of_workers_ ? next_discovery_ : next_look();
            woken_changed_.wait_until(lock, stop, look, [this] { return woken_; });
        }
        if ((waits || claimed_part_) && rate_.brings_more(kGather))
            woken_changed_.wait_for(lock, stop, kGather, [] { return false; });
        woken_ = false;
    }
}

Result<bool> Dispatcher::dispatch_once() {
    if (claimed_.empty()) {
        if (clock_.steady_now() >= next_discovery_) TECNOCHAT_CHECK(discover());
        take_wakes();
        const int limit = free_workers();
        if (limit == 0) return false;
        TECNOCHAT_CHECK(take_holds());
        TECNOCHAT_TRY(const auto shares, next_shares(limit));
        if (shares.empty()) return rotation_.any_ready();
        TECNOCHAT_CHECK(claim(shares));
        claimed_part_ = !claimed_.empty() && claimed_.size() < static_cast<std::size_t>(limit);
    }
    if (!claimed_.empty()) TECNOCHAT_CHECK(hold_back_limited());
    if (!claimed_.empty()) TECNOCHAT_CHECK(enter_wire());
    return rotation_.any_ready();
}

std::chrono::steady_clock::time_point Dispatcher::next_look() const {
    const auto timed = rotation_.next_time();
    return timed ? std::min(*timed, next_discovery_) : next_discovery_;
}

void Dispatcher::take_wakes() {
    std::vector<ReadyNumber> wakes;
    {
        std::scoped_lock lock(mutex_);
        wakes.swap(wakes_);
    }
    const auto now = clock_.steady_now();
    for (const auto& [number, in] : wakes) {
        if (in > Milliseconds(0))
            rotation_.add_at(number, now + in);
        else
            rotation_.add(number);
    }
}

Status Dispatcher::discover() {
    const auto deadline = Deadline::after(kTransactionTimeout);
    TECNOCHAT_TRY(
        auto nobodys, postgres::Transaction::begin(pool_, std::vector<TenantId>(), deadline)
    );
    TECNOCHAT_TRY(const auto active, send_queues::active(nobodys));
    TECNOCHAT_CHECK(nobodys.commit());
    next_discovery_ = clock_.steady_now() + kDiscover;
    if (active.empty()) return ok();
    const auto tenants = tenants_of(active, [](const SendNumber& number) { return number.tenant; });
    TECNOCHAT_TRY(auto transaction, postgres::Transaction::begin(pool_, tenants, deadline));
    // Most active numbers have nothing to send: a turn for each would make the others wait.
    TECNOCHAT_TRY(const auto due, send_queues::with_due(transaction, active));
    for (const auto& number : due) rotation_.add(number);
    return ok();
}

Status Dispatcher::take_holds() {
    std::vector<AskedHold> asked;
    {
        std::scoped_lock lock(mutex_);
        asked.swap(asked_holds_);
    }
    for (const auto& [number, scope, until] : asked) {
        rotation_.hold(number, until);
        if (scope == ErrorScope::kApp) all_held_until_ = std::max(all_held_until_, until);
    }
    for (std::size_t i = 0; i < asked.size(); ++i) {
        const auto& [number, scope, until] = asked[i];
        if (scope != ErrorScope::kWaba) continue;
        const std::vector<std::string> named{number.phone_number_id};
        const auto known = channels_.find(named, Deadline::after(kKeysTimeout));
        if (!known) {
            const std::scoped_lock lock(mutex_);
            asked_holds_.insert(
                asked_holds_.end(), asked.begin() + static_cast<std::ptrdiff_t>(i), asked.end()
            );
            return known.error();
        }
        const auto channel = known->find(number.phone_number_id);
        if (channel == known->end() || !channel->second) continue;
        auto& held = held_wabas_[channel->second->waba_id];
        held = std::max(held, until);
    }
    return ok();
}

Status Dispatcher::keep_held(std::vector<SendNumber>& numbers) {
    const auto now = clock_.steady_now();
    if (all_held_until_ > now) {
        for (const auto& number : numbers) rotation_.hold(number, all_held_until_);
        numbers.clear();
    }
    std::erase_if(held_wabas_, [&](const auto& held) { return held.second <= now; });
    if (held_wabas_.empty() || numbers.empty()) return ok();
    std::vector<std::string> named;
    named.reserve(numbers.size());
    for (const auto& number : numbers) named.push_back(number.phone_number_id);
    TECNOCHAT_TRY(const auto known, channels_.find(named, Deadline::after(kKeysTimeout)));
    std::erase_if(numbers, [&](const SendNumber& number) {
        const auto channel = known.find(number.phone_number_id);
        if (channel == known.end() || !channel->second) return false;
        const auto held = held_wabas_.find(channel->second->waba_id);
        if (held == held_wabas_.end()) return false;
        rotation_.hold(number, held->second);
        return true;
    });
    return ok();
}

Result<std::vector<SendStore::Share>> Dispatcher::next_shares(int limit) {
    auto numbers = rotation_.take(clock_.steady_now(), static_cast<std::size_t>(limit));
    TECNOCHAT_CHECK(keep_held(numbers));
    std::vector<SendStore::Share> shares;
    shares.reserve(numbers.size());
    // No more numbers than `limit` were taken; the first ones get what is left over.
    const int count = static_cast<int>(numbers.size());
    int over = count == 0 ? 0 : limit % count;
    for (const auto& number : numbers) {
        int most = limit / count + (over-- > 0 ? 1 : 0);
        if (const auto met = passed_.find(number); met != passed_.end())
            most = std::min(most, met->second + 1);
        shares.push_back({number, most});
    }
    return shares;
}

int Dispatcher::wanted_workers() const {
    return std::max(1, config_.workers / kFreePart);
}

int Dispatcher::free_workers() {
    std::scoped_lock lock(mutex_);
    const int free = config_.workers - busy_ - static_cast<int>(on_wire_.size());
    short_of_workers_ = free < wanted_workers();
    return short_of_workers_ ? 0 : free;
}

Status Dispatcher::claim(const std::vector<SendStore::Share>& shares) {
    const auto tenant = [](const SendStore::Share& share) { return share.number.tenant; };
    TECNOCHAT_TRY(
        auto transaction,
        postgres::Transaction::begin(
            pool_, tenants_of(shares, tenant), Deadline::after(kTransactionTimeout)
        )
    );
    TECNOCHAT_TRY(auto claimed, sends_.claim(transaction, config_.instance, shares));
    if (!claimed.empty()) {
        rate_.note(claimed.size(), clock_.steady_now());
        TECNOCHAT_CHECK(transaction.commit(&claim_commit));
    }
    claimed_ = std::move(claimed);
    note_claimed(shares);
    limits_checked_ = false;
    if (!claimed_.empty()) open_claimed();
    return ok();
}

void Dispatcher::note_claimed(const std::vector<SendStore::Share>& shares) {
    std::map<SendNumber, int> counts;
    for (const auto& send : claimed_) ++counts[{send.tenant, send.phone_number_id}];
    for (const auto& [number, most] : shares) {
        const auto found = counts.find(number);
        if (found == counts.end() || found->second < most) rotation_.leave(number);
    }
}

void Dispatcher::open_claimed() {
    std::vector<sealing::Person> people;
    people.reserve(claimed_.size());
    for (const auto& send : claimed_) people.push_back({send.tenant, send.contact});
    auto keys = sealer_.fetch(people, Deadline::after(kKeysTimeout));
    if (!keys) {
        telemetry::log_limited(
            telemetry::Level::kWarning,
            "the keys of sends cannot be fetched yet",
            {{"reason", keys.error().message}}
        );
    }
    // Without any key all of them go back to the queue with a pause.
    send_content::open(claimed_, keys ? *keys : sealing::Keys());
}

std::vector<SendStore::Release> Dispatcher::held_back(std::vector<ClaimedSend>& held) {
    std::vector<ClaimedSend> passed;
    std::vector<Milliseconds> pauses;
    std::map<SendNumber, Milliseconds> numbers;  // that met their limit
    std::map<SendNumber, int> counts;
    for (auto& send : claimed_) {
        const SendNumber number{send.tenant, send.phone_number_id};
        const auto met = numbers.find(number);
        Allowance allowed;
        if (met != numbers.end())
            allowed = {met->second, true};
        else if (send.content == Content::kReadable)
            // What cannot be read is not posted, and takes nobody's turn.
            allowed = limiter_.acquire(send.phone_number_id, send.conversation);
        if (allowed.wait == Milliseconds(0)) {
            ++counts[number];
            passed.push_back(std::move(send));
            continue;
        }
        if (allowed.whole_number) {
            allowed.wait = std::max(allowed.wait, kNumberHold);
            numbers.emplace(number, allowed.wait);
        }
        pauses.push_back(allowed.wait);
        held.push_back(std::move(send));
    }
    claimed_ = std::move(passed);
    const auto now = clock_.steady_now();
    for (const auto& [number, count] : counts) passed_.erase(number);
    for (const auto& [number, wait] : numbers) {
        rotation_.hold(number, now + wait);
        passed_[number] = counts[number];
    }
    std::vector<SendStore::Release> releases;
    for (std::size_t i = 0; i < held.size(); ++i) {
        releases.push_back({&held[i], pauses[i]});
        rotation_.add_at({held[i].tenant, held[i].phone_number_id}, now + pauses[i]);
    }
    return releases;
}

Status Dispatcher::hold_back_limited() {
    if (limits_checked_) return ok();  // tokens of these sends are taken already
    std::vector<ClaimedSend> held;
    const auto releases = held_back(held);
    limits_checked_ = true;
    if (held.empty()) return ok();
    limited_.increment(static_cast<double>(held.size()));
    // Should this fail, the claims lapse with their lease, or with the next start.
    TECNOCHAT_TRY(
        auto transaction,
        postgres::Transaction::begin(
            pool_, tenants_of(held, tenant_of), Deadline::after(kTransactionTimeout)
        )
    );
    TECNOCHAT_CHECK(sends_.release(transaction, releases));
    return transaction.commit(&limit_commit);
}

Status Dispatcher::enter_wire() {
    TECNOCHAT_TRY(
        auto transaction,
        postgres::Transaction::begin(
            pool_, tenants_of(claimed_, tenant_of), Deadline::after(kTransactionTimeout)
        )
    );
    TECNOCHAT_TRY(const auto changes, sends_.enter_wire(transaction, claimed_));
    TECNOCHAT_TRY(auto appended, outbox_.append(transaction, send_updates(changes, clock_.now())));
    TECNOCHAT_CHECK(transaction.commit(&wire_commit));
    std::unordered_map<MessageId, SendState> states;
    const auto now = clock_.steady_now();
    for (const auto& change : changes) {
        states.emplace(change.id, change.state);
        // Its content cannot be opened yet, or it has failed and lets the next one go.
        const SendNumber number{change.tenant, change.phone_number_id};
        if (change.state == SendState::kQueued)
            rotation_.add_at(number, now + kContentPause);
        else if (change.state != SendState::kWire)
            rotation_.add(number);
    }
    {
        std::scoped_lock lock(mutex_);
        for (auto& send : claimed_) {
            const auto it = states.find(send.id);
            if (it != states.end() && it->second == SendState::kWire)
                on_wire_.push_back(std::move(send));
        }
    }
    for (std::size_t i = 0; i < claimed_.size(); ++i) on_wire_changed_.notify_one();
    claimed_.clear();
    outbox_.publish(std::move(appended));
    return ok();
}

void Dispatcher::work_loop(const std::stop_token& stop) {
    while (true) {
        std::unique_lock lock(mutex_);
        if (!on_wire_changed_.wait(lock, stop, [this] { return !on_wire_.empty(); })) return;
        const ClaimedSend send = std::move(on_wire_.front());
        on_wire_.pop_front();
        ++busy_;
        lock.unlock();
        post(send);
        lock.lock();
        --busy_;
        const int free = config_.workers - busy_ - static_cast<int>(on_wire_.size());
        const bool wanted = short_of_workers_ && free >= wanted_workers();
        if (wanted) short_of_workers_ = false;
        woken_ = woken_ || wanted;
        const bool idle = busy_ == 0 && on_wire_.empty();
        lock.unlock();
        if (wanted) woken_changed_.notify_one();
        if (idle) idle_.notify_all();
    }
}

void Dispatcher::post(const ClaimedSend& send) {
    before_post.hit();
    const auto begun = clock_.steady_now();
    auto answer = graph_.send_text(send, opaque_.encode({send.id, send.attempt}));
    after_response.hit();
    post_seconds_.observe(std::chrono::duration<double>(clock_.steady_now() - begun).count());
    if (const auto hold = hold_after(answer, send.attempt)) {
        const auto until = clock_.steady_now() + hold->time;
        std::scoped_lock lock(mutex_);
        asked_holds_.push_back({{send.tenant, send.phone_number_id}, hold->scope, until});
    }
    recorder_.add({send, std::move(answer)});
}

}  // namespace tecnochat::whatsapp_connector
