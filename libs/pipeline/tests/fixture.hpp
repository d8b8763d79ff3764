#pragma once

#include <catch2/catch.hpp>
#include <functional>
#include <string>
#include <vector>

#include "tecnochat/pipeline/transactional.hpp"
#include "tecnochat/postgres/testing/sandbox.hpp"

namespace tecnochat::pipeline::testing {

/// A record's value as an item; "bad" is unparsable, "throws" throws.
struct Word {
    TenantId tenant;
    std::string text;
};

inline Result<Word> decode(const kafka::Record& record) {
    if (record.value == "bad")
        return make_error(ErrorCode::kInvalidArgument, "not a word", "NOT_A_WORD");
    if (record.value == "throws") throw std::runtime_error("a decoder's surprise");
    auto tenant = TenantId::parse(record.key);
    if (!tenant) return std::move(tenant).error();
    return Word{*tenant, record.value};
}

/// What happened, in order.
using Steps = std::vector<std::string>;

/// One topic's records, with a database that refuses "poison" by a constraint.
struct Fixture {
    postgres::testing::Sandbox sandbox;
    telemetry::Metrics metrics;
    postgres::Pool pool{{sandbox.service_url(), 4, Milliseconds(3000), Milliseconds(5000)}};
    TenantId tenant = TenantId::generate(SystemClock().now());
    Steps steps;
    std::vector<std::string> letters;  // "<value>:<reason>"
    /// What putting letters fails with; asked at every call.
    std::function<Status()> put_answers = [] { return ok(); };

    Fixture() {
        sandbox.run(
            "CREATE TABLE words (tenant_id uuid NOT NULL, word text NOT NULL, "
            "CONSTRAINT no_poison CHECK (word NOT LIKE 'poison%'), PRIMARY KEY (tenant_id, word));"
            "CREATE TABLE parked (word text PRIMARY KEY CHECK (word <> 'poison twice'));"
            "GRANT ALL ON words, parked TO " +
            sandbox.role()
        );
    }

    detail::Outside outside() {
        return {
            [this](std::span<const kafka::Letter> batch, Deadline) -> Status {
                steps.push_back("letters after " + std::to_string(words()) + " words");
                TECNOCHAT_CHECK(put_answers());
                for (const auto& letter : batch)
                    letters.push_back(letter.record->value + ":" + letter.reason);
                return ok();
            },
            [this](const outbox::Appended&) { steps.emplace_back("publish"); },
            metrics
        };
    }
    std::int64_t words() { return sandbox.count("SELECT count(*)::text FROM words"); }
    double dropped(const std::string& reason) {
        return metrics
            .counter("tecnochat_pipeline_dropped_total", "", {{"topic", "t"}, {"reason", reason}})
            .value();
    }

    std::vector<kafka::Record> records(const std::vector<std::string>& values) const {
        std::vector<kafka::Record> records;
        for (const auto& value : values) {
            kafka::Record record;
            record.topic = "t";
            record.offset = static_cast<std::int64_t>(records.size());
            record.key = tenant.to_string();
            record.value = value;
            records.push_back(record);
        }
        return records;
    }
};

inline Source<Word> words_source() {
    return {decode, tenant_from(&Word::tenant)};
}

}  // namespace tecnochat::pipeline::testing
