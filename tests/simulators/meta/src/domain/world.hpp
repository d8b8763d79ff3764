#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "domain/graph_error.hpp"
#include "domain/model.hpp"
#include "domain/random.hpp"
#include "domain/send_request.hpp"
#include "domain/token_bucket.hpp"
#include "tecnochat/core/clock.hpp"
#include "tecnochat/core/result.hpp"

namespace tecnochat::meta_simulator {

/// How the platform behaves; all of it can be changed while it runs.
struct Settings {
    Milliseconds sent_after{0};
    Milliseconds delivered_after{20};
    Milliseconds read_after{500};
    /// For customers created without saying otherwise.
    Reads default_reads = Reads::kNever;
    bool rate_limits = true;
    /// A send outside the window: refused in the answer, or accepted and failed by a status.
    bool window_error_in_answer = true;
    /// Webhook bodies with \u00e1 and \/ (as recorded Graph answers are) or raw UTF-8.
    bool escaped_unicode = true;
    /// Updates put into one webhook at most; 1: no batching.
    int batch_max = 1;
};

inline constexpr Milliseconds kCustomerServiceWindow = std::chrono::hours(24);
inline constexpr Milliseconds kTypingLifetime = std::chrono::seconds(25);

/// One customer's thread with one number.
struct Conversation {
    std::string phone_number_id;
    std::string wa_id;
    std::deque<Message> messages;
    std::optional<Timestamp> last_customer_message_at;
    std::optional<Timestamp> typing_until;
    std::uint64_t outbound_count = 0;
    std::uint64_t last_sequence = 0;
    std::unique_ptr<TokenBucket> pair_bucket;
};

/// What a customer wrote.
struct CustomerMessage {
    std::string type = "text";
    std::string text;
    std::string context_id;
    /// Unix time of the message where it is not now (an old message delivered late).
    std::optional<Timestamp> at;
};

struct Accepted {
    Number number;
    Customer customer;
    Message message;
};

struct ReadReceipt {
    std::string wa_id;
    std::vector<std::string> newly_read;
};

/// The simulated platform's state and rules: numbers, customers, conversations, the 24-hour window,
/// the rate limits and how an accepted message moves on. Pure: time and randomness are injected,
/// nothing is sent from here. Not thread-safe; the simulator's lock covers it. Everything is
/// bounded: the oldest messages are forgotten first.
class World {
 public:
    static constexpr std::size_t kNumbersMax = 10'000;
    static constexpr std::size_t kCustomersMax = 1'000'000;
    static constexpr std::size_t kConversationsMax = 1'000'000;
    static constexpr std::size_t kMessagesMax = 400'000;

    World(const Clock& clock, Random random) : clock_(clock), random_(std::move(random)) {}

    Settings settings;

    Result<Number> add_number(Number number);
    Number* find_number(const std::string& phone_number_id);
    [[nodiscard]] std::vector<Number> numbers() const;

    /// An empty wa_id picks a free Colombian mobile number, an empty name a common one. Adding
    /// again replaces what is known of that customer.
    Result<Customer> add_customer(Customer customer);
    const Customer* find_customer(const std::string& wa_id) const;

    /// Stores a customer's message (webhook pending). NOT_FOUND for an unknown number or customer.
    Result<Message> customer_writes(
        const std::string& phone_number_id, const std::string& wa_id, CustomerMessage message
    );

    /// Judges a send and, if it is good, stores the message and plans its statuses.
    std::variant<GraphError, Accepted> send(
        const std::string& phone_number_id, const SendRequest& request
    );
    std::variant<GraphError, ReadReceipt> read(
        const std::string& phone_number_id, const SendRequest& request
    );

    /// An empty conversation that counts as the most recent one (a customer who has yet to write).
    Status open_conversation(const std::string& phone_number_id, const std::string& wa_id);

    /// The customer looked at the chat: every delivered message becomes read; returns those.
    std::vector<Message> customer_reads(
        const std::string& phone_number_id, const std::string& wa_id
    );

    Message* find_message(const std::string& wamid);
    const Conversation* find_conversation(
        const std::string& phone_number_id, const std::string& wa_id
    ) const;
    /// Most recent first.
    [[nodiscard]] std::vector<const Conversation*> recent_conversations(
        const std::string& phone_number_id, std::size_t limit
    ) const;

    /// Statuses of this number were free so far this month (1,000 service messages are).
    bool take_free_service_message(const std::string& phone_number_id);

    /// Business-scoped user id: stable per (customer, WABA).
    static std::string user_id(const Number& number, const Customer& customer);

 private:
    struct NumberState {
        Number number;
        TokenBucket bucket;
        int service_month = -1;
        int service_messages = 0;
    };

    Conversation& conversation(const Number& number, const std::string& wa_id);
    std::optional<Customer> recipient_of(const Number& number, const SendRequest& request) const;
    std::optional<GraphError> limit_error(NumberState& number, Conversation& conversation);
    Message& store(Conversation& conversation, Message message);
    void forget_oldest();
    [[nodiscard]] bool window_open(const Conversation& conversation) const;
    [[nodiscard]] std::vector<StatusStep> plan_statuses(const Customer& customer, bool in_window)
        const;

    const Clock& clock_;
    Random random_;
    std::map<std::string, NumberState> numbers_;
    std::unordered_map<std::string, Customer> customers_;
    std::unordered_map<std::string, std::string> wa_id_by_user_id_;
    std::unordered_map<std::string, Conversation> conversations_;
    std::unordered_map<std::string, std::string> conversation_key_by_wamid_;
    std::deque<std::string> keys_by_age_;
    std::uint64_t last_sequence_ = 0;
};

}  // namespace tecnochat::meta_simulator
