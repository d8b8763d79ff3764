#include "support/phone.hpp"

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "tecnochat/testkit/eventually.hpp"
#include "tecnochat/testkit/http.hpp"

namespace tecnochat::scenarios {
namespace {

using nlohmann::json;

std::string text_or_empty(const json& object, const char* key) {
    const auto it = object.find(key);
    return it != object.end() && it->is_string() ? it->get<std::string>() : "";
}

std::vector<Phone::Message> to_messages(const json& list) {
    std::vector<Phone::Message> messages;
    for (const auto& entry : list) {
        messages.push_back(
            {entry.at("wamid"),
             entry.at("direction") == "from_business",
             entry.at("text"),
             text_or_empty(entry, "status"),
             entry.contains("webhook") ? entry.at("webhook").at("state").get<std::string>() : "",
             text_or_empty(entry, "opaque")}
        );
    }
    return messages;
}

/// A Colombian mobile number made of the id's last digits.
std::string display_number(const std::string& number) {
    return "+57 300 " + number.substr(number.size() - 7);
}

std::string thread(const std::string& number, const std::string& customer) {
    return "/sim/numbers/" + number + "/customers/" + customer;
}

}  // namespace

Phone::Phone(const testkit::Stack& stack) : base_(stack.endpoint("/meta_simulator")) {}

std::string Phone::write(
    const std::string& number, const std::string& customer, const std::string& text
) const {
    return write_raw(number, customer, {{"text", text}});
}

std::string Phone::write_raw(
    const std::string& number, const std::string& customer, const json& message
) const {
    return testkit::post_json(base_ + thread(number, customer) + "/messages", message).at("wamid");
}

std::vector<Phone::Message> Phone::wait(
    const std::string& number, const std::string& customer, int outbound, int seconds
) const {
    const auto url = base_ + "/sim/wait?phone_number_id=" + number + "&customer=" + customer +
                     "&outbound=" + std::to_string(outbound) +
                     "&timeout_ms=" + std::to_string(seconds * 1000);
    const json answer = testkit::json_of(testkit::http_get(url, {}, seconds + 10));
    if (answer.at("met") != true) {
        throw std::runtime_error(
            "customer " + customer + " got " + answer.at("outbound_count").dump() + " of " +
            std::to_string(outbound) + " messages"
        );
    }
    return to_messages(answer.at("messages"));
}

std::vector<Phone::Message> Phone::messages(const std::string& number, const std::string& customer)
    const {
    return to_messages(
        testkit::json_of(testkit::http_get(base_ + thread(number, customer) + "/messages"))
            .at("messages")
    );
}

void Phone::wait_for_webhooks(int seconds) const {
    const auto url =
        base_ + "/sim/wait?webhooks_idle=true&timeout_ms=" + std::to_string(seconds * 1000);
    if (testkit::json_of(testkit::http_get(url, {}, seconds + 10)).at("met") != true) {
        throw std::runtime_error("webhooks are still on their way");
    }
}

void Phone::add_number(const std::string& number, const std::string& waba) const {
    testkit::post_json(
        base_ + "/sim/numbers",
        {{"phone_number_id", number},
         {"waba_id", waba},
         {"display_phone_number", display_number(number)},
         {"name", "Negocio " + number}}
    );
}

void Phone::fault(const json& fault) const {
    testkit::post_json(base_ + "/sim/faults", fault);
}

void Phone::clear_faults() const {
    testkit::json_of(testkit::http_delete(base_ + "/sim/faults"));
}

void Phone::advance_clock(int seconds) const {
    testkit::post_json(base_ + "/sim/clock", {{"advance_ms", seconds * 1000}});
}

json Phone::requests(const std::string& query) const {
    return testkit::json_of(testkit::http_get(base_ + "/sim/requests?" + query)).at("requests");
}

std::vector<std::string> Phone::accepted_twice() const {
    const json counters = testkit::json_of(testkit::http_get(base_ + "/sim/requests/counters"));
    std::vector<std::string> ids;
    for (const auto& [id, times] : counters.at("opaque_accepted_twice").items()) ids.push_back(id);
    return ids;
}

}  // namespace tecnochat::scenarios
