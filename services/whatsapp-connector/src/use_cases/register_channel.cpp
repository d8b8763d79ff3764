#include "use_cases/register_channel.hpp"

#include <vector>

#include "events/send_updates.hpp"

namespace tecnochat::whatsapp_connector {
namespace {

StepFailpoints commit{"whatsapp-connector.register-channel.commit"};

}  // namespace

RegisterChannel::RegisterChannel(
    postgres::Pool& pool,
    ChannelStore& store,
    channels::Directory& directory,
    outbox::Outbox& outbox,
    const Clock& clock
)
    : pool_(pool), store_(store), directory_(directory), outbox_(outbox), clock_(clock) {}

Result<channels::Channel> RegisterChannel::run(const channels::Channel& wanted, Deadline deadline) {
    if (wanted.phone_number_id.empty() || wanted.waba_id.empty() ||
        wanted.display_phone_number.empty()) {
        return make_error(
            ErrorCode::kInvalidArgument,
            "waba_id, phone_number_id and display_phone_number are required"
        );
    }
    TECNOCHAT_TRY(auto transaction, postgres::Transaction::begin(pool_, wanted.tenant, deadline));
    TECNOCHAT_TRY(const auto channel, store_.connect(transaction, wanted));
    // Published also when nothing changed: consumers ignore an epoch they know, and one that lost
    // its directory heals.
    TECNOCHAT_TRY(
        auto appended,
        outbox_.append(transaction, std::vector{channel_event(channel, clock_.now())})
    );
    TECNOCHAT_CHECK(transaction.commit(&commit));
    directory_.note(channel);
    outbox_.publish(std::move(appended));
    return channel;
}

Result<channels::Channel> GetChannel::run(const std::string& phone_number_id, Deadline deadline) {
    if (phone_number_id.empty())
        return make_error(ErrorCode::kInvalidArgument, "phone_number_id is required");
    const std::vector<std::string> numbers{phone_number_id};
    TECNOCHAT_TRY(const auto entries, directory_.find(numbers, deadline));
    const auto known = entries.find(phone_number_id);
    if (known == entries.end()) return make_error(ErrorCode::kNotFound, "no such number");
    return known->second;
}

}  // namespace tecnochat::whatsapp_connector
