// Goal: records linger under load alone, and in order. Method: a linger that no test outlives, so
// that whatever is handed over was not held, or not because of the time.
#include "front_queue.hpp"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using namespace tecnochat::kafka;

namespace {

constexpr auto kForEver = 24h;

struct Taken {
    std::vector<std::string> values;
    std::vector<std::string> refused;
    /// Values that "librdkafka" does not take.
    std::set<std::string> bad;
    std::vector<std::string> names;

    FrontQueue::Hand hand() {
        return [this](const OutRecord& record, void*) {
            if (bad.contains(record.value)) return RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE;
            values.push_back(record.value);
            return RD_KAFKA_RESP_ERR_NO_ERROR;
        };
    }
    FrontQueue::Refused refuse() {
        return [this](void* opaque, rd_kafka_resp_err_t) {
            refused.push_back(*static_cast<std::string*>(opaque));
        };
    }
};

OutRecord record(const std::string& value, const std::string& key = "k") {
    return {"t", key, value, {}};
}

/// More records than a low rate has.
void make_load(FrontQueue& queue) {
    for (std::size_t i = 0; i < LoadMeter::kRecords; ++i) queue.add(record("load"), nullptr);
}

}  // namespace

TEST_CASE("a load is many records within a short time, not many in all") {
    using Clock = std::chrono::steady_clock;
    LoadMeter meter;
    auto now = Clock::time_point(1h);
    for (int i = 0; i < 100; ++i) CHECK_FALSE(meter.note(now += 3ms));  // 333 a second
    for (std::size_t i = 0; i < LoadMeter::kRecords - 1; ++i) meter.note(now += 1ms);
    CHECK(meter.note(now += 1ms));
    CHECK_FALSE(meter.note(now += 1s));
}

TEST_CASE("the first records after a start are no load, whatever the clock says") {
    LoadMeter meter;
    for (std::size_t i = 0; i < LoadMeter::kRecords; ++i) CHECK_FALSE(meter.note({}));
    CHECK(meter.note({}));
}

TEST_CASE("at a low rate nothing is held") {
    Taken taken;
    FrontQueue queue(kForEver, taken.hand(), taken.refuse());
    for (std::size_t i = 0; i < LoadMeter::kRecords; ++i) {
        queue.add(record(std::to_string(i)), nullptr);
        CHECK(taken.values.size() == i + 1);
    }
}

TEST_CASE("under load records are held until there are many, and leave in order") {
    Taken taken;
    std::vector<std::string> expected(LoadMeter::kRecords, "load");
    {
        FrontQueue queue(kForEver, taken.hand(), taken.refuse());
        make_load(queue);
        for (std::size_t i = 0; i < FrontQueue::kHeldMax; ++i) {
            CHECK(taken.values.size() == LoadMeter::kRecords);
            expected.push_back(std::to_string(i));
            queue.add(record(expected.back()), nullptr);
        }
        CHECK(taken.values == expected);
        queue.add(record("last"), nullptr);
        CHECK(taken.values == expected);
        expected.emplace_back("last");
    }
    CHECK(taken.values == expected);  // the end hands over what is held
}

TEST_CASE("what is held is bounded in bytes too") {
    Taken taken;
    FrontQueue queue(kForEver, taken.hand(), taken.refuse());
    make_load(queue);
    queue.add(record(std::string(FrontQueue::kHeldBytesMax, 'x')), nullptr);
    CHECK(taken.values.size() == LoadMeter::kRecords + 1);
}

TEST_CASE("records that are held leave when their time is up") {
    std::mutex mutex;
    std::condition_variable changed;
    int taken = 0;
    FrontQueue queue(
        1ms,
        [&](const OutRecord&, void*) {
            std::scoped_lock lock(mutex);
            ++taken;
            changed.notify_all();
            return RD_KAFKA_RESP_ERR_NO_ERROR;
        },
        [](void*, rd_kafka_resp_err_t) {}
    );
    for (int i = 0; i < 100; ++i) queue.add(record("x"), nullptr);
    std::unique_lock lock(mutex);
    CHECK(changed.wait_for(lock, 20s, [&] { return taken == 100; }));
}

TEST_CASE("a refused record takes what is held of its key with it, and no other") {
    Taken taken;
    std::string a = "a";
    std::string b = "b";
    std::string c = "c";
    {
        FrontQueue queue(kForEver, taken.hand(), taken.refuse());
        make_load(queue);
        taken.bad = {"a"};
        queue.add(record("a"), &a);
        queue.add(record("b"), &b);
        queue.add(record("c", "other"), &c);
    }
    CHECK(taken.refused == std::vector<std::string>{"a", "b"});
    CHECK(taken.values.back() == "c");
}

TEST_CASE("a refused record's key is free again once its sender knows") {
    Taken taken;
    taken.bad = {"a"};
    std::string a = "a";
    FrontQueue queue(kForEver, taken.hand(), taken.refuse());
    queue.add(record("a"), &a);
    queue.add(record("b"), nullptr);
    CHECK(taken.refused == std::vector<std::string>{"a"});
    CHECK(taken.values == std::vector<std::string>{"b"});
}

TEST_CASE("without a linger nothing is ever held") {
    Taken taken;
    FrontQueue queue(0ms, taken.hand(), taken.refuse());
    for (int i = 0; i < 100; ++i) queue.add(record("x"), nullptr);
    CHECK(taken.values.size() == 100);
}
