#include "load/word_tokens.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "load/draw.h"

namespace estoc {
namespace {

// Each is one token, with a blank before it and at the start of a text, in the vocabularies of GPT-2, GPT-4, GPT-4o,
// Llama 2, Qwen and SmolLM2.
constexpr std::string_view kWords =
    "time year people way day man thing woman life child world school state family student group country problem hand "
    "part place case week company system program question work government number night point home water room mother "
    "area money story fact month lot right study book eye job word business issue side kind head house service friend "
    "father power hour game line end member law car city community name team minute body information back parent face "
    "level office door health person art war history party result change reason research air force education good new "
    "first last long great little own other old big high different small large next early young important few public "
    "bad same able the be to of and a in that have it for not on with he as you do at this but his by from they we "
    "say her she or an will my one all would there their what so up out if about who get which go me when make can "
    "like no just him know take into your some could them see than then now look only come its over think also after "
    "use two how our well even want because any these give most us table stone paper river window bridge market "
    "station winter spring letter answer price value light sound color music picture field road street land sea ship "
    "train plane horse dog cat bird fish tree flower grass wind rain fire sun moon star sky earth metal gold iron "
    "glass wood cloth coat hat bag box cup plate bread fruit apple orange wine bed chair wall floor north south east "
    "west center middle edge top bottom front inside outside left near far above below under between through along "
    "around against during before since until while always never often sometimes usually again once soon later today "
    "here nothing something everything someone run walk stand sit talk read write learn play sing draw build break "
    "cut open close start stop begin move hold pull push catch send buy sell pay save win find keep leave stay live "
    "love need try help ask tell call show turn grow fall rise follow lead join share wait watch remember agree plan "
    "allow offer create design develop count test check clean cook eat sleep dream strong weak heavy dark bright "
    "quick slow late hot cold warm cool dry rich easy hard simple complex safe free quiet sharp soft rough thin wide "
    "deep full empty fresh sweet single double third half many much more less quite very rather almost perhaps maybe "
    "although though unless whether either both each every another such account action activity actor address age "
    "agent amount analysis animal argument article attack author bank base behavior bill board boy budget card care "
    "cell character charge choice church claim class college condition control cost course court crime culture "
    "current data daughter deal degree detail development direction director doctor effect energy environment event "
    "example factor figure film focus food foot foreign form former future general generation goal ground growth hair "
    "heart hospital image impact interest item key knowledge language leader list loss machine major manager material "
    "matter media medical memory message method mind mission model movie nation nature network news note official oil "
    "operation option order owner page pain past patient pattern peace per performance period phone physical piece "
    "player policy population position practice pressure process product production project property purpose quality "
    "race radio range rate record region report resource response rest risk role rule scene science score season seat "
    "second section security sense series set shot sign site size skill social son song sort source space specific "
    "speech staff stage standard statement step stock store style subject success support surface task tax technology "
    "term thought total town trade training travel trial trip truth type unit version view voice vote wife worker "
    "yard";

const std::vector<std::string_view>& words() {
  static const std::vector<std::string_view> all = [] {
    std::vector<std::string_view> found;
    for (size_t begin = 0; begin < kWords.size();) {
      const size_t end = std::min(kWords.find(' ', begin), kWords.size());
      found.push_back(kWords.substr(begin, end - begin));
      begin = end + 1;
    }
    return found;
  }();
  return all;
}

}  // namespace

void append_word_tokens(std::string& text, uint64_t seed, int count) {
  Draw draw(seed);
  for (int i = 0; i < count; ++i) {
    if (!text.empty()) text += ' ';
    text += draw.one_of(words());
  }
}

std::string word_tokens(uint64_t seed, int count) {
  std::string text;
  append_word_tokens(text, seed, count);
  return text;
}

}  // namespace estoc
