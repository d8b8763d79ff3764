#include "events/outbound_handler.hpp"

#include "tecnochat/rpc/wire.hpp"
#include "tecnochat/whatsapp/v1/events.pb.h"
#include "use_cases/tenants.hpp"

namespace tecnochat::whatsapp_connector {
namespace {

using whatsapp::v1::OutboundCommand;

constexpr Milliseconds kTransactionTimeout{10'000};

Failpoint before_commit{"whatsapp-connector.outbound.commit.before"};
Failpoint after_commit{"whatsapp-connector.outbound.commit.after"};

Result<NewSend> to_send(
    const OutboundCommand& command,
    const TenantId& tenant,
    const std::optional<telemetry::TraceContext>& trace
) {
    const auto& text = command.send_text();
    TECNOCHAT_TRY(const auto id, MessageId::parse(text.send_id()));
    TECNOCHAT_TRY(const auto conversation, ConversationId::parse(command.conversation_id()));
    TECNOCHAT_TRY(const auto contact, ContactId::parse(command.contact_id()));
    if (text.to().phone().empty() && text.to().user_id().empty())
        return make_error(ErrorCode::kInvalidArgument, "no recipient");
    if (text.body().empty()) return make_error(ErrorCode::kInvalidArgument, "no text");
    return NewSend{
        tenant,
        id,
        command.phone_number_id(),
        conversation,
        contact,
        {text.to().phone(), text.to().user_id()},
        text.body(),
        rpc::to_time(text.window_until()),
        trace ? trace->traceparent() : std::string()
    };
}

}  // namespace

OutboundHandler::OutboundHandler(
    postgres::Pool& pool,
    ChannelStore& channels,
    SendStore& sends,
    ReadReceipts& receipts,
    kafka::DeadLetters& dead_letters,
    std::function<void()> sends_stored
)
    : pool_(pool),
      channels_(channels),
      sends_(sends),
      receipts_(receipts),
      dead_letters_(dead_letters),
      sends_stored_(std::move(sends_stored)) {}

Status OutboundHandler::operator()(std::span<const kafka::Record> batch) {
    Sorted sorted;
    for (const auto& record : batch) TECNOCHAT_CHECK(sort_out(record, sorted));
    const std::span<const NewSend> sends(sorted.sends);
    if (!sends.empty()) {
        TECNOCHAT_CHECK(store_or_refuse(
            sorted.sends_records,
            [&](std::size_t first, std::size_t count) {
                return store(sends.subspan(first, count));
            },
            sorted.refused
        ));
        sends_stored_();
    }
    TECNOCHAT_CHECK(set_aside(dead_letters_, sorted.refused));
    for (auto& receipt : sorted.receipts) receipts_.add(std::move(receipt));
    return ok();
}

Status OutboundHandler::sort_out(const kafka::Record& record, Sorted& sorted) {
    const auto refuse = [&](std::string_view reason) {
        sorted.refused.push_back({&record, reason});
        return ok();
    };
    OutboundCommand command;
    if (!command.ParseFromString(record.value)) return refuse("unparsable");
    TECNOCHAT_TRY(const auto channel, channels_.find(command.phone_number_id()));
    if (!channel) return refuse("unknown_number");
    switch (command.command_case()) {
        case OutboundCommand::kMarkRead:
            if (channel->connected) {
                const auto& mark = command.mark_read();
                sorted.receipts.push_back(
                    {command.phone_number_id(),
                     mark.message_id(),
                     mark.typing(),
                     rpc::to_time(mark.expires_at())}
                );
            }
            return ok();
        case OutboundCommand::kSendText: {
            auto send = to_send(command, channel->tenant, record.trace());
            if (!send) return refuse("invalid");
            sorted.sends.push_back(std::move(send).value());
            sorted.sends_records.push_back(&record);
            return ok();
        }
        case OutboundCommand::COMMAND_NOT_SET:
            return refuse("invalid");
    }
    return refuse("invalid");
}

Status OutboundHandler::store(std::span<const NewSend> sends) {
    const auto tenants = tenants_of(sends, [](const NewSend& send) { return send.tenant; });
    TECNOCHAT_TRY(
        auto transaction,
        postgres::Transaction::begin(pool_, tenants, Deadline::after(kTransactionTimeout))
    );
    TECNOCHAT_CHECK(sends_.insert(transaction, sends));
    return transaction.commit({&before_commit, &after_commit});
}

}  // namespace tecnochat::whatsapp_connector
