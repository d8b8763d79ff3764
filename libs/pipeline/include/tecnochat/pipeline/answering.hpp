#pragma once

#include <functional>
#include <optional>
#include <utility>

#include "tecnochat/core/assert.hpp"
#include "tecnochat/pipeline/detail/core.hpp"

namespace tecnochat::pipeline {

/// One record to produce for one item. Runs in the item's trace. An item's fault, or an exception,
/// refuses that item alone: whatever the customer wrote must not stop everybody's answers.
template <class T>
using Answer = std::function<Result<kafka::OutRecord>(const Incoming<T>&, Deadline)>;

namespace detail {

template <class T>
class TypedAnswers final : public TypedValues<T, Answers> {
 public:
    TypedAnswers(Source<T> source, Answer<T> answer)
        : TypedValues<T, Answers>(std::move(source)), answer_(std::move(answer)) {}

    Result<kafka::OutRecord> answer(std::size_t item, Deadline deadline) override {
        const auto& incoming = this->items()[item];
        std::optional<telemetry::TraceScope> scope;
        if (incoming.trace) scope.emplace(incoming.trace->child());
        return answer_(incoming, deadline);
    }

 private:
    Answer<T> answer_;
};

}  // namespace detail

/// The handler of a consumer without a database: every item is answered by one record, and the
/// batch is durable when all of them are acknowledged. README.md has the rest. `topic` must outlive
/// it. For one consumer.
template <class T>
kafka::Consumer::Handler answering(
    const Runtime& runtime,
    const AnsweringTopic& topic,
    Source<T> source,
    std::type_identity_t<Answer<T>> answer
) {
    TECNOCHAT_ASSERT(runtime.producer != nullptr, "an answering topic has a producer");
    return detail::make_answering(
        *runtime.producer,
        detail::outside(runtime),
        topic,
        std::make_unique<detail::TypedAnswers<T>>(std::move(source), std::move(answer))
    );
}

}  // namespace tecnochat::pipeline
