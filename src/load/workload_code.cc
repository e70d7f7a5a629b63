// `code`: functions to review, complete, test, translate or explain.
#include "load/phrases.h"
#include "load/prompt_workload.h"
#include "load/workload_kinds.h"

namespace estoc {
namespace {

// Some have a mistake in them, as code to be reviewed has.
constexpr std::string_view kFunctions[] = {
    R"(def merge_{#a:field}(left, right, limit={#n:10..500}):
    merged = []
    i = j = 0
    while i < len(left) and j < len(right):
        if left[i].{#key:noun}_id <= right[j].{#key:noun}_id:
            merged.append(left[i])
            i += 1
        else:
            merged.append(right[j])
            j += 1
        if len(merged) == limit:
            return merged
    return merged + left[i:])",
    R"(std::vector<{^#a:noun}> latest_{#b:field}(const std::vector<{^#a:noun}>& all, size_t count) {
  std::vector<{^#a:noun}> sorted = all;
  std::sort(sorted.begin(), sorted.end(), [](const auto& x, const auto& y) { return x.time >= y.time; });
  for (size_t i = {#n:2..9}; i < sorted.size(); ++i) {
    if (sorted[i].{#key:noun} == sorted[i - 1].{#key:noun}) sorted.erase(sorted.begin() + i);
  }
  sorted.resize(count);
  return sorted;
})",
    R"(async function load{^#a:field}(urls, attempts = {#n:2..7}) {
  const results = [];
  for (const url of urls) {
    for (let i = 0; i < attempts; i++) {
      const response = await fetch(url);
      if (response.ok) {
        results.push(await response.json());
      }
    }
  }
  return results.filter((one) => one.{#key:noun} !== undefined).length > {2..20} ? results : [];
})",
    R"(func (s *Store) Expire{^#a:field}(now time.Time) int {
	removed := 0
	for id, {#key:noun} := range s.{#a:field} {
		if now.Sub({#key:noun}.Seen) > {#n:5..90}*time.Minute {
			delete(s.{#a:field}, id)
			removed++
		}
	}
	s.last = now
	return removed
})",
    R"(fn parse_{#a:noun}(line: &str) -> Option<({^#a:noun}, u32)> {
    let mut parts = line.split(';');
    let name = parts.next()?.trim();
    let amount: u32 = parts.next()?.parse().ok()?;
    if amount > {#n:100..9000} {
        return None;
    }
    let {#key:noun} = parts.next().unwrap_or("none");
    Some(({^#a:noun}::new(name, {#key:noun}), amount * {2..9}))
})",
    R"(SELECT c.name, COUNT(o.id) AS {#a:field}, SUM(o.amount) AS total
FROM customers c
LEFT JOIN {#b:field} o ON o.customer_id = c.id
WHERE o.created_at >= '{2009..2024}-0{1..9}-01' AND o.{#key:noun}_kind <> {1..9}
GROUP BY c.name
HAVING COUNT(o.id) > {#n:2..40}
ORDER BY total DESC
LIMIT {10..200};)",
    R"(class {^#a:noun}Cache:
    def __init__(self, size={#n:16..4096}):
        self.size = size
        self.{#b:field} = []

    def get(self, key, load):
        for {#key:noun} in self.{#b:field}:
            if {#key:noun}[0] == key:
                return {#key:noun}[1]
        value = load(key)
        self.{#b:field}.append((key, value))
        if len(self.{#b:field}) > self.size:
            self.{#b:field}.pop()
        return value)",
    R"(public int countOverlapping(List<{^#a:noun}> {#b:field}) {
    int count = 0;
    for (int i = 0; i < {#b:field}.size(); i++) {
        for (int j = i; j < {#b:field}.size(); j++) {
            {^#a:noun} x = {#b:field}.get(i), y = {#b:field}.get(j);
            if (x.getStart() < y.getEnd() && y.getStart() < x.getEnd() + {#n:1..30}) {
                count++;
            }
        }
    }
    return count;
})",
    R"(#!/bin/sh
# Keeps the newest {#n:3..30} archives of {#a:field}.
dir=$1
cd $dir
for file in $(ls -t *.{#key:noun}.gz | tail -n +{#n:3..30}); do
  if [ $(stat -c %s $file) -gt {1000..90000} ]; then
    rm $file
  fi
done
echo "done with {#a:field} in $dir")",
    R"(int find_{#a:noun}(const int *{#b:field}, int count, int wanted) {
    int low = 0, high = count;
    while (low < high) {
        int middle = (low + high) / 2;
        if ({#b:field}[middle] == wanted)
            return middle;
        if ({#b:field}[middle] < wanted)
            low = middle;
        else
            high = middle - {#n:1..2};
    }
    return -1;
})",
    R"(def schedule_{#a:field}({#b:field}, workers={#n:2..16}):
    """Gives every {#key:noun} a worker, the longest first; returns the time when all are done."""
    free = [0.0] * workers
    for {#key:noun} in sorted({#b:field}, key=lambda one: one.seconds):
        first = free.index(min(free))
        free[first] = {#key:noun}.seconds
    return max(free) + {1..60})",
    R"(template <typename T>
class Bounded{^#a:noun}Queue {
 public:
  explicit Bounded{^#a:noun}Queue(size_t capacity = {#n:8..512}) : capacity_(capacity) {}
  bool push(T value) {
    std::unique_lock lock(mutex_);
    if ({#b:field}_.size() == capacity_) full_.wait(lock);
    {#b:field}_.push_back(std::move(value));
    empty_.notify_one();
    return true;
  }
  // pop() is missing

 private:
  size_t capacity_;
  std::deque<T> {#b:field}_;
  std::mutex mutex_;
  std::condition_variable full_, empty_;
};)",
};

constexpr std::string_view kTasks[] = {
    "Review this function as if a colleague had sent it: name each mistake with its line, how it shows, and the "
    "smallest change that mends it.",
    "Complete or correct the code so that it also works for no {#b:field} at all, and explain the change in {2..4} "
    "sentences.",
    "Write {4..8} unit tests for it, the edge cases first, and say which of them fail today.",
    "Translate it into {code_language}, keep the names, and point out what behaves differently there.",
    "Explain line by line what it does to somebody who is learning to program, then state its running time.",
    "It takes {3..40} seconds for {2..9} million {#b:field}. Find the reason and write a version that is fast, without "
    "new dependencies.",
    "Rewrite it so that the limit of {#n:10..500} is a parameter with a check, and errors tell what was expected.",
    "Write the documentation comment it should have: purpose, parameters, result, errors and an example of use.",
    "Which inputs make it return something wrong without any error? Give {2..4} of them with the result and the right "
    "one.",
    "Add what is missing for use from several threads, and argue in a few sentences why no deadlock is possible.",
};

constexpr std::string_view kOpenings[] = {
    "In {#app:software} we use this to handle {#b:field}; {person} wrote it on {date}.",
    "{person} asks for a second pair of eyes before it goes into {#app:software} on {weekday}.",
    "Since {date} {#app:software} has shown wrong {#b:field} now and then, and I suspect this code.",
    "{company} pays for a port of {#app:software}, and this is function {2..40} on the list.",
    "A candidate called {first} handed this in for our exercise about {#b:field}, after {20..90} minutes.",
};

std::string compose(Draw& draw) {
  Phrases phrases(draw);
  std::string text = phrases.one_of(kOpenings);
  text += "\n\n```\n" + phrases.one_of(kFunctions) + "\n```\n\n";
  return text + phrases.one_of(kTasks);
}

}  // namespace

std::unique_ptr<Workload> code_workload(const WorkloadOptions& options) {
  return make_prompt_workload({"code", compose, 128}, options);
}

}  // namespace estoc
