// Goal: the order in which a batch becomes durable and shows outside, and what is left of it when a
// step fails. Method: a real database, and fakes that remember in place of the dead letters and the
// outbox.
#include "tecnochat/pipeline/transactional.hpp"

#include "fixture.hpp"

using namespace tecnochat;
using namespace tecnochat::pipeline;
using namespace tecnochat::pipeline::testing;

namespace {

TransactionalTopic topic{"pipeline-test", "t"};

using Values = std::vector<std::string>;
using Items = std::span<const Incoming<Word>>;

/// Stores words. Hooks let a test fail it where it wants to.
struct StoreWords {
    Fixture& f;
    outbox::Outbox& outbox;
    int runs = 0;
    std::function<Status()> before_run = [] { return ok(); };
    std::function<Status()> before_refuse = [] { return ok(); };

    Result<Effects> run(postgres::Transaction& transaction, Items items) {
        ++runs;
        TECNOCHAT_CHECK(before_run());
        std::vector<Uuid> tenants;
        Values texts;
        std::vector<outbox::Entry> events;
        Effects effects;
        for (const auto& item : items) {
            tenants.push_back(item.tenant.uuid());
            texts.push_back(item.value.text);
            events.push_back({item.tenant, item.tenant.uuid(), {"out", "", item.value.text, {}}});
            if (item.value.text == "dull") effects.drop("dull");
        }
        effects.after_commit([this, count = items.size()] {
            f.steps.push_back("act for " + std::to_string(count));
        });
        TECNOCHAT_CHECK(transaction.execute(
            "INSERT INTO words SELECT * FROM unnest($1::uuid[], $2::text[]) ON CONFLICT DO NOTHING",
            postgres::Params().add_array(tenants).add_array(std::span<const std::string>(texts))
        ));
        TECNOCHAT_TRY(effects.events, outbox.append(transaction, events));
        return effects;
    }
    Result<Effects> refuse(
        postgres::Transaction& transaction, const Incoming<Word>& item, const Error& error
    ) {
        CHECK(error.reason == "no_poison");
        TECNOCHAT_CHECK(before_refuse());
        TECNOCHAT_CHECK(transaction.execute(
            "INSERT INTO parked VALUES ($1)", postgres::Params().add(item.value.text)
        ));
        Effects effects;
        effects.after_commit([this] { f.steps.emplace_back("act for refused"); });
        return effects;
    }
};

struct Words : Fixture {
    kafka::Producer producer{
        [] {
            kafka::ProducerConfig config;
            config.mock_bootstrap = "127.0.0.1:1";
            return config;
        }(),
        metrics
    };
    outbox::Outbox outbox{pool, producer, [] { return std::vector<TenantId>(); }, {}, metrics};
    StoreWords store{*this, outbox};
    kafka::Consumer::Handler handler = handler_of(words_source());

    kafka::Consumer::Handler handler_of(Source<Word> source) {
        return detail::make_transactional(
            pool,
            outside(),
            topic,
            std::make_unique<detail::TypedWork<Word, StoreWords>>(std::move(source), store)
        );
    }
    Status handle(const std::vector<kafka::Record>& batch) { return handler(batch); }
    std::string stored() {
        return sandbox.query("SELECT string_agg(word, ',' ORDER BY word) FROM words");
    }
    std::string parked() {
        return sandbox.query("SELECT string_agg(word, ',' ORDER BY word) FROM parked");
    }
    double rows() {
        return static_cast<double>(sandbox.count("SELECT count(*)::text FROM outbox"));
    }
};

Status unavailable() {
    return make_error(ErrorCode::kUnavailable, "away");
}

}  // namespace

TEST_CASE_METHOD(Words, "a batch commits, then puts its letters, then publishes, then acts") {
    REQUIRE(handle(records({"a", "bad", "b", "throws"})));
    CHECK(steps == Steps{"letters after 2 words", "publish", "act for 2"});
    CHECK(letters == Values{"bad:unparsable", "throws:unparsable"});
    CHECK(stored() == "a,b");
    CHECK(rows() == 2);
}

TEST_CASE_METHOD(Words, "nothing is put or published while the batch is not durable") {
    const auto batch = records({"a", "bad"});
    sandbox.go_away();
    for (int i = 0; i < 3; ++i) {
        const auto status = handle(batch);
        REQUIRE_FALSE(status);
        CHECK(is_retryable(status.error()));
    }
    CHECK(steps.empty());
    sandbox.come_back();
    REQUIRE(handle(batch));
    CHECK(letters == Values{"bad:unparsable"});
}

TEST_CASE_METHOD(Words, "letters that cannot be written repeat neither effects nor themselves") {
    const auto batch = records({"a", "bad", "poison", "dull"});
    put_answers = unavailable;
    for (int i = 0; i < 5; ++i) CHECK_FALSE(handle(batch));
    const int runs = store.runs;
    CHECK(stored() == "a,dull");
    CHECK(dropped("dull") == 1);
    put_answers = [] { return ok(); };
    REQUIRE(handle(batch));
    CHECK(store.runs == runs);
    CHECK(rows() == 2);
    CHECK(dropped("dull") == 1);
    CHECK(letters == Values{"bad:unparsable", "poison:failed"});
    steps.erase(steps.begin(), steps.begin() + 6);
    CHECK(steps == Steps{"publish", "act for 1", "act for refused", "act for 1"});
    // The next batch owes nothing to the last one.
    REQUIRE(handle(records({"c"})));
    CHECK(letters.size() == 2);
}

TEST_CASE_METHOD(Words, "records that are new in a batch that comes again are taken, no others") {
    put_answers = unavailable;
    CHECK_FALSE(handle(records({"a", "bad"})));
    put_answers = [] { return ok(); };
    REQUIRE(handle(records({"a", "bad", "c"})));
    CHECK(store.runs == 2);
    CHECK(stored() == "a,c");
    CHECK(letters == Values{"bad:unparsable"});
}

TEST_CASE_METHOD(Words, "a batch that was taken away with its letters open leaves no letter") {
    put_answers = unavailable;
    CHECK_FALSE(handle(records({"a", "bad"})));
    put_answers = [] { return ok(); };
    auto other = records({"c"});
    other[0].partition = 1;
    REQUIRE(handle(other));
    CHECK(letters.empty());
    CHECK(steps == Steps{"letters after 1 words", "publish", "act for 1", "act for 1"});
}

TEST_CASE_METHOD(
    Words, "a faulty item alone is refused, and what it needs is stored with the rest"
) {
    REQUIRE(handle(records({"a", "b", "poison", "c", "d", "poison 2", "e"})));
    CHECK(stored() == "a,b,c,d,e");
    CHECK(parked() == "poison,poison 2");
    CHECK(letters == Values{"poison:failed", "poison 2:failed"});
    CHECK(rows() == 5);
    CHECK(steps.front() == "letters after 5 words");
}

TEST_CASE_METHOD(Words, "a fault of refuse() itself undoes only what it did") {
    REQUIRE(handle(records({"a", "poison twice"})));
    CHECK(stored() == "a");
    CHECK(parked().empty());
    CHECK(letters == Values{"poison twice:failed"});
    CHECK(std::count(steps.begin(), steps.end(), "act for refused") == 0);
}

TEST_CASE_METHOD(Words, "a refusal in a transaction that fails later leaves no letter") {
    const auto batch = records({"poison", "a"});
    store.before_refuse = [this] {
        sandbox.terminate_service_connections();
        return ok();
    };
    const auto status = handle(batch);
    REQUIRE_FALSE(status);
    CHECK(is_retryable(status.error()));
    CHECK(steps.empty());
    CHECK(parked().empty());
    store.before_refuse = [] { return ok(); };
    REQUIRE(handle(batch));
    CHECK(letters == Values{"poison:failed"});
    CHECK(parked() == "poison");
}

TEST_CASE_METHOD(
    Words, "transactions in each other's way are tried again at once, up to three times"
) {
    int asked = 0;
    handler = handler_of({decode, [&](std::span<const Word> words, Deadline deadline) {
                              ++asked;
                              for (const auto& word : words) CHECK_FALSE(word.text.empty());
                              return tenant_from(&Word::tenant)(words, deadline);
                          }});
    int aborted = 3;
    store.before_run = [&]() -> Status {
        if (aborted-- > 0) return make_error(ErrorCode::kAborted, "again");
        return ok();
    };
    const std::string long_word(100, 'x');  // no short string, whose move would copy it
    REQUIRE(handle(records({long_word, "bad"})));
    CHECK(asked == 4);
    CHECK(store.runs == 4);
    CHECK(stored() == long_word);
    CHECK(letters == Values{"bad:unparsable"});

    aborted = 100;
    asked = 0;
    const auto status = handle(records({"c", "bad"}));
    REQUIRE_FALSE(status);
    CHECK(status.error().code == ErrorCode::kAborted);
    CHECK(asked == 4);
    CHECK(letters.size() == 1);
}

TEST_CASE_METHOD(Words, "what is neither retryable nor an item's fault is returned") {
    store.before_run = []() -> Status {
        return make_error(ErrorCode::kPermissionDenied, "a missing grant");
    };
    const auto status = handle(records({"a", "bad"}));
    REQUIRE_FALSE(status);
    CHECK(status.error().code == ErrorCode::kPermissionDenied);
    CHECK(steps.empty());
}

TEST_CASE_METHOD(
    Words, "verdicts take, drop and refuse, and a value that has none is refused alone"
) {
    handler = handler_of(
        {decode,
         [&](std::span<const Word> words, Deadline) -> Result<std::vector<Verdict>> {
             std::vector<Verdict> verdicts;
             for (const auto& word : words) {
                 if (word.text == "strange")
                     return make_error(ErrorCode::kDataLoss, "no such word", "UNKNOWN_WORD");
                 if (word.text == "late") {
                     verdicts.push_back(Verdict::drop("late"));
                 } else if (word.text == "nobody's") {
                     verdicts.push_back(Verdict::refuse("unknown_number"));
                 } else {
                     verdicts.push_back(Verdict::take(word.tenant));
                 }
             }
             return verdicts;
         }}
    );
    REQUIRE(handle(records({"a", "late", "strange", "nobody's", "late", "b"})));
    CHECK(stored() == "a,b");
    CHECK(dropped("late") == 2);
    CHECK(letters == Values{"strange:failed", "nobody's:unknown_number"});
}

TEST_CASE_METHOD(Words, "a batch without items needs no transaction") {
    sandbox.go_away();
    put_answers = unavailable;
    CHECK_FALSE(handle(records({"bad"})));
    put_answers = [] { return ok(); };
    const auto status = handler(records({"bad"}));
    sandbox.come_back();
    REQUIRE(status);
    CHECK(letters == Values{"bad:unparsable"});
    CHECK(store.runs == 0);
}

namespace {

/// Fetches before BEGIN.
struct Preparer {
    using Prepared = std::vector<std::string>;
    int prepared = 0;
    std::vector<Values> ran;

    Result<Prepared> prepare(Items items, Deadline) {
        ++prepared;
        Prepared texts;
        for (const auto& item : items) {
            if (item.value.text == "no key")
                return make_error(ErrorCode::kFailedPrecondition, "no key", "NO_KEY");
            texts.push_back(item.value.text);
        }
        return texts;
    }
    Result<Effects> run(postgres::Transaction&, Items items, Prepared& texts) {
        CHECK(items.size() == texts.size());
        ran.push_back(texts);
        if (ran.size() == 1) return make_error(ErrorCode::kAborted, "again");
        return Effects();
    }
};
static_assert(UseCase<Preparer, Word>);
static_assert(UseCase<StoreWords, Word>);
static_assert(!UseCase<int, Word>);

}  // namespace

TEST_CASE_METHOD(
    Words, "what a use case prepares is prepared anew, without items it cannot be for"
) {
    Preparer preparer;
    handler = detail::make_transactional(
        pool,
        outside(),
        topic,
        std::make_unique<detail::TypedWork<Word, Preparer>>(words_source(), preparer)
    );
    REQUIRE(handle(records({"a", "no key", "b"})));
    CHECK(preparer.ran == std::vector<Values>{{"a", "b"}, {"a", "b"}});
    CHECK(letters == Values{"no key:failed"});
}
