package fraudstream.kernel.record;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.util.Arrays;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class EntityTest {
  /** The account's step detects duplicate and late transactions, so it must come first. */
  @Test
  void theStepsBeginWithTheAccount() {
    assertEquals(
        "account_id customer_id device_id merchant_id counterparty_id",
        Arrays.stream(Entity.values())
            .map(entity -> entity.fieldName)
            .collect(Collectors.joining(" ")));
    assertEquals(Entity.values().length, Entity.COUNT);
  }

  @ParameterizedTest
  @EnumSource
  void anEntityIsFoundByItsFieldWhichIsATextAndRequiredOfTheAccountAlone(Entity entity) {
    assertSame(entity, Entity.named(entity.fieldName));
    assertSame(Column.named(entity.fieldName), entity.column);
    assertEquals(Column.Kind.TEXT, entity.column.kind);
    assertEquals(entity == Entity.ACCOUNT_ID, entity.column.required);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "ACCOUNT_ID", "account", "transaction_id", "city", "transaction"})
  void noOtherNameIsThatOfAnEntity(String name) {
    assertNull(Entity.named(name));
  }
}
