#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "domain/faults.hpp"
#include "domain/request_log.hpp"
#include "domain/virtual_clock.hpp"
#include "domain/world.hpp"
#include "event_hub.hpp"
#include "webhooks/dispatcher.hpp"

namespace tecnochat::meta_simulator {

/// A conversation by its two ends.
struct Thread {
    std::string phone_number_id;
    std::string wa_id;

    [[nodiscard]] std::string key() const { return phone_number_id + "|" + wa_id; }
};

/// The running platform: the world behind one lock, its webhooks on their way, its open phone pages
/// and those who wait for something to happen. Thread-safe; nothing blocks under the lock.
class Simulator {
 public:
    struct Options {
        std::string app_secret;
        std::size_t lanes = 32;
        std::size_t log_entries_max = 50'000;
    };

    Simulator(
        const Options& options,
        const Clock& clock,
        const Random& random,
        const Dispatcher::PosterFactory& make_poster
    );

    VirtualClock& clock() { return clock_; }
    EventHub& events() { return events_; }
    Dispatcher& webhooks() { return dispatcher_; }

    /// Runs `use(world, faults, log)` under the lock, for questions and settings.
    template <class Use>
    decltype(auto) with(Use&& use) {
        const std::scoped_lock lock(mutex_);
        return std::forward<Use>(use)(world_, faults_, log_);
    }

    /// A customer writes; the webhook goes out at once. `body_json` is the value of the key named
    /// after the type.
    Result<Message> customer_writes(
        const Thread& thread, CustomerMessage message, const std::string& body_json
    );
    /// The same, but the caller delivers the webhook: returns its body.
    Result<std::string> customer_writes_elsewhere(
        const Thread& thread, CustomerMessage message, const std::string& body_json
    );
    /// The customer looks at the chat: `read` statuses go out.
    void customer_reads(const Thread& thread);
    /// Any body at all, signed (rightly, unless told otherwise) and retried like every webhook.
    bool send_raw_webhook(std::string body, std::optional<std::string> signature);

    std::variant<GraphError, Accepted> send(
        const std::string& phone_number_id, const SendRequest& request
    );
    std::variant<GraphError, ReadReceipt> read(
        const std::string& phone_number_id, const SendRequest& request
    );
    std::optional<Fault> graph_fault(
        std::initializer_list<FaultKind> kinds, const std::string& phone_number_id
    );
    void log(LoggedRequest request, bool accepted);

    /// Changes the settings and hands the dispatcher its part.
    void apply(const Settings& settings);
    void advance_clock(Milliseconds by);

    /// Blocks until `condition(world, log)` holds, checking when `thread` gets a message and at
    /// least every 25 ms; false at the deadline or when the simulator stops.
    using Condition = std::function<bool(const World&, const RequestLog&)>;
    bool wait(const Thread& thread, const Condition& condition, const Deadline& deadline);
    /// Waits in real time, at most until the simulator stops.
    void stall(Milliseconds duration);
    /// Wakes everyone who waits; waits that begin later return at once.
    void stop();

    /// Which conversations a person must answer, as the router last said.
    void set_handed_over(std::set<std::string> keys);
    void set_released(const Thread& thread);
    [[nodiscard]] std::set<std::string> handed_over();

 private:
    void submit(Update update, Timestamp due, const Thread& thread, const std::string& wamid);
    void submit_statuses(const Accepted& accepted);
    void observe(const Delivery& delivery, const AttemptOutcome& outcome);
    void publish_message(const Thread& thread, const Message& message);

    VirtualClock clock_;
    EventHub events_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool stopped_ = false;
    World world_;
    FaultPlan faults_;
    RequestLog log_;
    std::unordered_map<std::string, int> awaited_;
    std::set<std::string> handed_over_;
    // Last: its threads call observe().
    Dispatcher dispatcher_;
};

}  // namespace tecnochat::meta_simulator
