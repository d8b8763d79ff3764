// Goal: one trace leads from a webhook to the last tick of its answer, across HTTP, five topics and
// two databases.
// Method: customers write at the same moment, so that services take their messages in one batch;
// afterwards every event of each conversation is read from the broker. The edge begins the trace
// (Meta sends none, and what the Internet sends is not trusted).
#include <catch2/catch.hpp>
#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "support/access_lists.hpp"
#include "support/business.hpp"
#include "support/ledger.hpp"
#include "support/phone.hpp"
#include "support/topic_reader.hpp"
#include "tecnochat/kafka/topics.hpp"
#include "tecnochat/testkit/eventually.hpp"
#include "tecnochat/whatsapp/v1/events.pb.h"

namespace tecnochat::scenarios {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kCustomers = 10;

using ByTopic = std::map<std::string, std::vector<kafka::Record>>;

ByTopic read_all(const testkit::Stack& stack) {
    ByTopic records;
    for (const auto topic :
         {kafka::topics::kWhatsappInbound,
          kafka::topics::kAiRequests,
          kafka::topics::kAiReplies,
          kafka::topics::kWhatsappOutbound,
          kafka::topics::kWhatsappSent})
        records.emplace(topic, read_topic(stack, std::string(topic)));
    return records;
}

std::string trace_of(const kafka::Record& record) {
    const auto trace = record.trace();
    return trace ? trace->trace_id_hex() : "none";
}

/// The trace with which the edge handed on this message; "" if it did not.
std::string trace_of_inbound(const std::vector<kafka::Record>& inbound, const std::string& wamid) {
    for (const auto& record : inbound) {
        whatsapp::v1::InboundMessage message;
        if (message.ParseFromString(record.value) && message.message_id() == wamid)
            return trace_of(record);
    }
    return "";
}

void check_cloud_event(const kafka::Record& record, const Topic& topic) {
    INFO(record.topic << " " << record.partition << ":" << record.offset);
    CHECK_FALSE(record.event_id().empty());
    CHECK(record.header("ce_specversion") == "1.0");
    CHECK(record.header("ce_type") == topic.message);
    CHECK(topic.producers.contains(
        std::string(record.header("ce_source")).substr(std::string("/tecnochat/").size())
    ));
    CHECK(record.header("ce_time").ends_with("Z"));
    CHECK(record.header("content-type") == "application/protobuf");
}

}  // namespace

TEST_CASE("one trace leads from the webhook through every service to the sent message") {
    const auto stack = testkit::Stack::from_environment();
    const Phone phone(stack);
    const Business business(stack, 1);
    const Ledger ledger(stack, business.tenant());
    // A status that is quicker than the answer to the POST leaves nothing to say on whatsapp.sent.
    phone.fault(
        {{"kind", "delay"},
         {"field", "statuses"},
         {"phone_number_id", business.number()},
         {"duration_ms", 2000}}
    );
    std::map<std::string, std::string> wamids;  // by customer
    for (std::size_t i = 0; i < kCustomers; ++i) {
        const auto customer = Business::new_customer();
        wamids[customer] =
            phone.write(business.number(), customer, Business::covered()[0].question);
    }
    for (const auto& [customer, wamid] : wamids) phone.wait(business.number(), customer, 1);
    REQUIRE(testkit::eventually(30s, [&] { return ledger.settled() && ledger.unpublished() == 0; })
    );
    phone.clear_faults();

    const auto records = read_all(stack);
    std::set<std::string> traces;
    for (const auto& [customer, wamid] : wamids) {
        const auto conversation = business.conversation(business.number(), customer).id;
        const auto trace =
            trace_of_inbound(records.at(std::string(kafka::topics::kWhatsappInbound)), wamid);
        REQUIRE(trace.size() == 32);
        traces.insert(trace);
        for (const auto& [topic, all] : records) {
            if (topic == kafka::topics::kWhatsappInbound) continue;
            INFO(topic << " of " << conversation);
            int found = 0;
            for (const auto& record : all) {
                if (record.key != conversation) continue;
                ++found;
                CHECK(trace_of(record) == trace);
                CHECK(record.header("tenantid") == business.tenant().to_string());
            }
            CHECK(found > 0);
        }
    }
    CHECK(traces.size() == kCustomers);
}

TEST_CASE("every event carries the CloudEvents headers that its topic promises") {
    const auto stack = testkit::Stack::from_environment();
    const Phone phone(stack);
    const Business business(stack, 1);
    const auto customer = Business::new_customer();
    phone.write(business.number(), customer, Business::covered()[0].question);
    phone.wait(business.number(), customer, 1);
    for (const auto& topic : topics()) {
        // Dead letters keep the headers of the record they were.
        if (topic.name.starts_with("dead-letters.")) continue;
        for (const auto& record : read_topic(stack, topic.name)) check_cloud_event(record, topic);
    }
}

}  // namespace tecnochat::scenarios
